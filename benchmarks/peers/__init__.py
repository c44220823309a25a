"""Other systems, installed and measured beside ours on the same operations in one run; `make bench-peers`."""
