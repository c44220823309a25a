"""The section `scoring` of a contract: its grammar, its stored form, and the scheme that logic/score computes with."""
