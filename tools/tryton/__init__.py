"""Tryton's books behind the ERP's tools: `python -m tools.tryton` offers them as an MCP server.

Tryton is a program of its own, in an environment of its own; this package speaks to it over HTTP and imports
nothing of it. `docs/tryton.md` says what maps to what.
"""
