"""A table's file written from its content: nothing else is read from it, and it stands in the one layout."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.document import NO_TEXT, Findings, plain, read_document
from rules.layout import lay_out
from rules.writing import write_table

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
WORDS = TEXTS.filter(lambda text: not NO_TEXT.search(text)) | st.sampled_from(
    [
        "true",
        "1.10",
        "- a",
        "{a, b}",
        "a: b",
        "#",
        "missing",
        "not(a)",
        "[1..5)",
        "<= 5",
        "a  b",
        "line\nbreak",
        "",
    ]
)
NAMES = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
ROWS = st.dictionaries(NAMES, WORDS | st.lists(WORDS, max_size=2) | st.dictionaries(NAMES, WORDS), min_size=1)
CONTENTS = st.dictionaries(
    NAMES,
    WORDS | st.lists(ROWS, min_size=1, max_size=3) | st.dictionaries(NAMES, ROWS, min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(content=CONTENTS)
def test_what_is_written_is_read_again_and_nothing_is_left_to_lay_out(content: dict[str, object]) -> None:
    text = write_table(content)

    assert plain(read_document(text, Findings("written"))) == content
    assert lay_out(text) == text


def test_a_long_paragraph_is_folded() -> None:
    content = {"prose": " ".join(["a paragraph of many words"] * 12)}

    text = write_table(content)

    assert max(map(len, text.splitlines())) <= 110
    assert plain(read_document(text, Findings("written"))) == content
    assert lay_out(text) == text
