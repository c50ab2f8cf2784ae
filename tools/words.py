"""Words from outside, as our own messages may repeat them: cut, printable, and marked as somebody else's."""

from tools.credentials.redaction import hidden

SHOWN_CHARACTERS = 500
_QUOTES = "“”"

# Python calls controls, changes of direction, zero-width characters and lone surrogates unprintable. These
# draw nothing either, although they count as letters, marks or symbols.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def quoted(text: str) -> str:
    """Return a server's text between quotation marks that cannot occur in it: visible, cut, no secrets."""
    text = hidden(text)  # before it is cut, or half a secret would be left
    shown = "".join(_escaped(char) if char in _QUOTES else visible(char) for char in text[:SHOWN_CHARACTERS])
    return f"“{shown}…”" if len(text) > SHOWN_CHARACTERS else f"“{shown}”"


def visible(text: str) -> str:
    r"""Return the text in one line, with an escape for whatever is not seen as it is.

    The escapes (`\n`, `\u202e`) are those of JSON, so that a document of JSON stays the same one.
    """
    return "".join(char if char.isprintable() and char not in _BLANK else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    if short := {"\n": "\\n", "\t": "\\t"}.get(char):
        return short
    units = char.encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
