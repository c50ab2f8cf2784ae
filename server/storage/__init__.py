"""All SQL of the host, and the private PostgreSQL."""
