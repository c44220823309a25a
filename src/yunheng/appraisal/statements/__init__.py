"""Statements: the scored period as a subject with its process, from the draft to the settlement (R38, R39, R48)."""
