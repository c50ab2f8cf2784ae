"""Writing a table's file anew, from what another form of it said."""

from collections.abc import Iterator, Mapping

from rules.document import Plain
from rules.layout import folded, scalar_text


def write_table(content: Mapping[str, Plain]) -> str:
    """The text of a table with this content, as `lay_out` leaves it."""
    return "".join(f"{line}\n" for key, value in content.items() for line in _lines(key, value))


def _lines(key: str, value: Plain) -> Iterator[str]:
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        yield f"{scalar_text(key)}:"
        yield from (f"- {flow_text(one)}" for one in value)
    elif isinstance(value, dict) and any(isinstance(one, dict) for one in value.values()):
        yield f"{scalar_text(key)}:"
        yield from (f"  {scalar_text(name)}: {flow_text(one)}" for name, one in value.items())
    else:
        text = folded(value) if isinstance(value, str) else None
        yield f"{scalar_text(key)}: {text or flow_text(value)}"


def flow_text(value: Plain) -> str:
    """The content on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{scalar_text(key)}: {flow_text(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow_text, value))}]"
    return scalar_text(value)
