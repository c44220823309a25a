"""What-if (R47): real history replayed under a draft contract, beside what it was; writes nothing to the record."""
