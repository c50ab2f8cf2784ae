"""The HTTP face: it translates between requests and the host, and decides nothing."""
