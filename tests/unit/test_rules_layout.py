"""The one layout of a table's file: what it looks like, and that nothing is lost on the way."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rules
from rules import TableError, list_tables, parse_table
from rules.layout import lay_out

FOLDER = Path(rules.__file__).parent

LOOSE = """\
# Who pays what.

---
id:   "limits"   # the name of the file
version: '1.10'


owner: Finance
title: What is paid
prose: >
  Read this first.

  Then this.
effective:
  from: 2026-01-01
hit: priority
inputs:  # what is known
  amount:
    type: money
    currency: EUR
  # Where it comes from.
  country: {type: enum,
            values: ["DE", NO]}
outputs:
  route:
    type: enum
    values:
    - pay
    - ask
rules:

# Large amounts.
- id: R1
  priority: 2
  when: {amount: '> 1.10'}
  then: {route: ask}
  because: >
    Large amounts
    are asked.

# All others.
- {id: R2, priority: 1, when: {}, then: {route: pay}, because: 'No "doubt": pay'}   # the rest
# The end.
"""

LAID_OUT = """\
# Who pays what.

id: "limits"  # the name of the file
version: "1.10"

owner: Finance
title: What is paid
prose: >
  Read this first.

  Then this.
effective: {from: 2026-01-01}
hit: priority
inputs:  # what is known
  amount: {type: money, currency: EUR}
  # Where it comes from.
  country: {type: enum, values: ["DE", NO]}
outputs:
  route: {type: enum, values: [pay, ask]}
rules:

# Large amounts.
- {id: R1, priority: 2, when: {amount: "> 1.10"}, then: {route: ask}, because: "Large amounts are asked.\\n"}

# All others.
- {id: R2, priority: 1, when: {}, then: {route: pay}, because: "No \\"doubt\\": pay"}  # the rest
# The end.
"""


def test_each_input_output_and_rule_takes_one_line_and_comments_stay_where_they_were() -> None:
    assert lay_out(LOOSE) == LAID_OUT


def test_the_layout_changes_no_digest() -> None:
    assert parse_table(LAID_OUT).digest == parse_table(LOOSE).digest


def test_a_file_with_windows_line_ends_is_laid_out_as_one_without() -> None:
    assert lay_out(LOOSE.replace("\n", "\r\n").encode()) == LAID_OUT


def test_a_long_text_on_one_line_is_broken_where_it_has_blanks() -> None:
    text = " ".join(["Whoever reads this: it is long."] * 6)

    laid_out = lay_out(f'id: a\nprose: "{text}"\n')

    assert max(map(len, laid_out.splitlines())) <= 112
    assert lay_out(laid_out) == laid_out
    assert laid_out.startswith("id: a\nprose: >-\n  Whoever reads this:")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("id: a\nrules:\n- id: R1  # one\n  because: x\n", "3:1"),
        ("id: a\nrules:\n- {id: R1,\n   # two\n   because: x}\n", "4:1"),
        ("id: a\ninputs:\n  kind:\n    # three\n    type: enum\n", "4:1"),
        ("id: a\neffective: {from: 2026-01-01, # four\n  to: 2026-12-31}\n", "2:1"),
    ],
)
def test_a_comment_inside_what_takes_one_line_is_refused_rather_than_moved(text: str, place: str) -> None:
    with pytest.raises(TableError, match=f"table:{place}: a comment inside"):
        lay_out(text)


@pytest.mark.parametrize("text", ["", "- a", "id: [", "id: a\nid: b", "id: &x a", b"id: \xff"])
def test_what_cannot_be_read_is_refused(text: str | bytes) -> None:
    with pytest.raises(TableError):
        lay_out(text)


@pytest.mark.parametrize("name", list_tables())
def test_every_shipped_table_stands_in_the_layout(name: str) -> None:
    content = (FOLDER / f"{name}.yaml").read_text("utf-8")

    assert lay_out(content) == content


SCALARS = st.sampled_from(
    ["a", "- 5", '"> 5"', "'it''s: #1'", "x, y", "-", "NO", "", "|\n   one\n\n   two\n"]
)
LINES = st.lists(
    st.sampled_from(LOOSE.splitlines())
    | st.builds("k{}: {}".format, st.integers(0, 9), SCALARS)
    | st.just("  # why"),
    max_size=12,
)


@settings(deadline=None)
@given(LINES.map("\n".join) | st.integers(0, len(LOOSE)).map(lambda end: LOOSE[:end]))
def test_whatever_can_be_read_can_be_laid_out_and_then_stays_as_it_is(text: str) -> None:
    laid_out, refusal = "", ""
    try:
        laid_out = lay_out(text)
    except TableError as refused:
        refusal = str(refused)

    assert "without a change of what it says" not in refusal
    assert refusal or lay_out(laid_out) == laid_out
