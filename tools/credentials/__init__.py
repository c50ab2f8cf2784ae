"""As whom we call a tool server, what proves it, and that nobody else gets to see it."""
