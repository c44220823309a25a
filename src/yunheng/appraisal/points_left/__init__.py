"""Points left (R50): how far the next tier of the running period is, which open tickets decide it, and a forecast."""
