"""Performance figures: one module each, `run()` returns the rows of its table."""
