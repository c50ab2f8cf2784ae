"""A small ERP that keeps books: a separate enterprise system, reached through MCP like any other.

Nothing in this repository imports it; `python -m tools.erp` starts it, with a database of its own.
"""
