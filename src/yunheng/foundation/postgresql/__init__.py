"""Django's PostgreSQL, which asks the server for a sign of life only where there is reason to."""
