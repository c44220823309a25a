"""The site has no tables of its own: failures to sign in are django-axes', sessions belong to accounts."""
