"""Steps that let a chat model choose among permitted tools, by a plan that it wrote before it read anything.

`tool_use(...)` makes the four steps `plan`, `think`, `act` and `ask` for a process to put into its graph, and
`next`, which says which of them comes now; the process's state is a `ToolUser`. See docs/tool_use.md.
"""

from nodes.tool_use.plan import CHOICE, DOCUMENT, MODEL, TASK, May
from nodes.tool_use.spending import Caps, Price
from nodes.tool_use.state import ToolUser, Work
from nodes.tool_use.steps import ToolUse, tool_use

__all__ = [
    "CHOICE",
    "DOCUMENT",
    "MODEL",
    "TASK",
    "Caps",
    "May",
    "Price",
    "ToolUse",
    "ToolUser",
    "Work",
    "tool_use",
]
