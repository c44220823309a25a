"""Documents that follow from a statement: the notice of result and the settlement sheet."""
