"""The outside world, through MCP.

A step calls a tool with `await server("erp").call("get_order", number="PO-2026-0001")` and gets the
tool's structured answer as a dict, or a `ToolError`. Nothing else in this repository speaks MCP.
"""

from tools.door import Server, server
from tools.errors import ToolError
from tools.retry import RETRY
from tools.sessions.pool import close

__all__ = ["RETRY", "Server", "ToolError", "close", "server"]
