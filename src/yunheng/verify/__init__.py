"""Verification of evidence packs: `verify.py` alone with nothing of Yunheng, and what recomputes figures from facts."""
