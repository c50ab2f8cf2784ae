"""The sessions with tool servers: opened, held, bounded, and closed; what is sent over them and read."""
