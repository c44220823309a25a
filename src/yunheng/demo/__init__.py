"""The demonstration: a provider with three clients, a year of invented service, and tickets that run now."""
