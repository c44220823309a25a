"""Runs what the product needs on one machine: the embedded PostgreSQL, its leases, and child processes.

Nothing here imports Django: settings can only be read once the database's address is known.
"""
