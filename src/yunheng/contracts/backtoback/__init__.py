"""Back to back: whether what suppliers and our own people promise fits inside what the client was promised (R49)."""
