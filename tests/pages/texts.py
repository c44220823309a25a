"""What stands on a page, for looks whether a word is nowhere on it."""

import re


def without_tokens(text: str) -> str:
    """The text without its CSRF tokens: these are random letters, and any short word may stand in one by chance."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", text)
