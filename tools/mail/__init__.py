"""Mail as an enterprise system: one account that sends by SMTP and reads by IMAP, reached through MCP.

No process imports it; `python -m tools.mail` starts it, with the account in its environment.
"""
