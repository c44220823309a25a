"""The section `appraisal` of a contract: terms of a statement's way, fee, ways of signing, who rates."""
