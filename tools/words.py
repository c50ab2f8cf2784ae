"""Words from outside, as our own messages may repeat them: cut, printable, and marked as somebody else's."""

SHOWN_CHARACTERS = 500


def quoted(text: str) -> str:
    """Return a server's text between quotation marks that cannot occur in it, escaped and cut.

    Whatever a terminal, a log or a reader could take for something else (control characters, changes of
    direction, characters without width, lone surrogates) is written as its number.
    """
    shown = "".join(map(_shown, text[:SHOWN_CHARACTERS]))
    return f"“{shown}…”" if len(text) > SHOWN_CHARACTERS else f"“{shown}”"


def _shown(character: str) -> str:
    if character.isprintable() and character not in "“”":
        return character
    return {"\n": "\\n", "\t": "\\t"}.get(character, f"\\u{{{ord(character):x}}}")
