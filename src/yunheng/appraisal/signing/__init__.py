"""Signing a statement: by passkey, by confirmation with a mailed receipt, or by a scan of stamped paper (ADR 0017)."""
