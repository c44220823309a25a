"""Pages of accounts: one's own account, and the administration of people."""
