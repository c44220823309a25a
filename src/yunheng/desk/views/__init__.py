"""Pages of the desk: lists and workbench, one ticket, the client's portal."""
