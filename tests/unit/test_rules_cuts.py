"""Atoms: every cell holds for all values of an atom or for none, and each atom that can be has a value."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.cells import Cell, parse_cell
from rules.cuts import Cut, cut
from rules.grid import bits, runs
from rules.values import (
    BooleanType,
    CodeType,
    DateType,
    DecimalType,
    EnumType,
    IntegerType,
    MoneyType,
    Value,
    ValueType,
)

COLOURS = EnumType(("red", "green", "blue"))
FIRST_DAY = date(2026, 1, 1)
WORDS: dict[ValueType, list[str]] = {
    COLOURS: ["red", "green", "blue"],
    BooleanType(): ["false", "true"],
    CodeType(): ["EUR", "USD", "OTHER", "OTHER-2"],
}
NUMBERS: dict[ValueType, list[str]] = {
    IntegerType(): [str(number) for number in range(-4, 5)],
    DecimalType(): ["-1", "0", "0.5", "0.50", "1", "1.000001", "20"],
    MoneyType("EUR"): ["-0.01", "0", "0.01", "1000", "1000.00", "50000"],
    DateType(): [(FIRST_DAY + timedelta(days=day)).isoformat() for day in range(6)],
}


@st.composite
def columns(draw: st.DrawFn) -> tuple[ValueType, list[Cell]]:
    kind = draw(st.sampled_from([*WORDS, *NUMBERS]))
    literal = st.sampled_from(WORDS.get(kind) or NUMBERS[kind])
    texts = [
        st.sampled_from(["-", "missing", "not(missing)"]),
        st.builds(str.__add__, st.sampled_from(["", "= ", "!= "]), literal),
        st.lists(literal, min_size=1, max_size=3, unique_by=kind.literal).map(", ".join).map("{{{}}}".format),
        st.lists(literal, min_size=1, max_size=3, unique_by=kind.literal)
        .map(", ".join)
        .map("not({})".format),
    ]
    if kind.ordered:
        texts += [
            st.builds(str.__add__, st.sampled_from(["< ", "<= ", "> ", ">= "]), literal),
            st.tuples(literal, literal).map(lambda pair: closed_range(pair, kind)),
            st.builds("not({} {})".format, st.sampled_from(["<", "<=", ">", ">="]), literal),
        ]
    return kind, [parse_cell(text, kind) for text in draw(st.lists(st.one_of(texts), max_size=6))]


def closed_range(pair: tuple[str, str], kind: ValueType) -> str:
    low, high = sorted(pair, key=kind.literal)
    return f"[{low}..{high}]"


def samples(made: Cut) -> dict[int, Value]:
    found = {atom: made.sample(atom) for atom in range(made.missing)}
    return {atom: value for atom, value in found.items() if value is not None}


@given(columns())
def test_a_cell_holds_for_a_value_exactly_if_its_mask_has_the_values_atom(
    column: tuple[ValueType, list[Cell]],
) -> None:
    kind, cells = column
    made = cut(kind, cells)
    values = [*samples(made).values(), *map(kind.literal, WORDS.get(kind) or NUMBERS[kind])]

    masks = [made.mask(cell) for cell in cells]

    for cell, mask in zip(cells, masks, strict=True):
        assert [bool(mask >> made.atom(value) & 1) for value in values] == [*map(cell.holds, values)]
        assert bool(mask >> made.missing & 1) == cell.holds(None)
        assert mask <= made.everything


@given(columns())
def test_the_sample_of_an_atom_is_a_fact_of_that_atom(column: tuple[ValueType, list[Cell]]) -> None:
    kind, cells = column
    made = cut(kind, cells)

    found = samples(made)

    assert found
    assert {atom: made.atom(kind.fact(kind.plain(value))) for atom, value in found.items()} == {
        atom: atom for atom in found
    }


@pytest.mark.parametrize(
    ("kind", "literals", "atom", "value"),
    [
        (IntegerType(), ["4", "5"], 2, None),
        (IntegerType(), ["4", "6"], 2, 5),
        (IntegerType(), [str(10**18 - 1)], 2, None),
        (IntegerType(), ["4"], 0, 0),
        (IntegerType(), ["-4"], 0, -5),
        (IntegerType(), [], 0, 0),
        (DateType(), ["2026-01-31", "2026-02-01"], 2, None),
        (DateType(), ["9999-12-31"], 2, None),
        (DateType(), ["0001-01-01"], 0, None),
        (DateType(), ["2026-01-31"], 2, date(2026, 2, 1)),
        (MoneyType("EUR"), ["1000", "50000"], 2, Decimal(1001)),
        (DecimalType(), ["0.01", "0.02"], 2, Decimal("0.015")),
        (DecimalType(), ["1", "1." + "0" * 29 + "1"], 2, None),
        (DecimalType(), ["1", "1." + "0" * 29 + "2"], 2, Decimal("1." + "0" * 29 + "1")),
        (DecimalType(), ["9" * 30], 2, Decimal("9" * 30 + ".5")),
        (CodeType(), ["OTHER"], 1, "OTHER-2"),
    ],
)
def test_an_atom_without_a_value_has_no_sample_and_each_other_a_plain_one(
    kind: ValueType, literals: list[str], atom: int, value: Value | None
) -> None:
    made = cut(kind, [parse_cell(literal, kind) for literal in literals])

    assert made.sample(atom) == value


@given(st.sets(st.integers(0, 200)))
def test_the_bits_and_runs_of_a_mask_are_its_members(members: set[int]) -> None:
    mask = sum(1 << member for member in members)

    stretches = list(runs(mask))

    assert list(bits(mask)) == sorted(members)
    assert [bit for start, end in stretches for bit in range(start, end)] == sorted(members)
    assert all(end < start for (_, end), (start, _) in pairwise(stretches))
