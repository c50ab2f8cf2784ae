"""A small ERP that keeps books: a separate enterprise system, reached through MCP like any other.

No process imports it; `python -m tools.erp` starts it, with a database of its own. `tools.tryton` shares its
face: the same tools over the books of another ERP.
"""
