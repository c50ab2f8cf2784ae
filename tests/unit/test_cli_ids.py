"""Ids and their abbreviations."""

from collections.abc import Iterable
from uuid import UUID

import pytest

from server.cli.ids import full_id
from server.errors import BadRequest, NotFound

FIRST = UUID("0b6b6a52-3a39-4f0b-8f0e-9a3c5a0d4c11")
SECOND = UUID("0b6b6a53-3a39-4f0b-8f0e-9a3c5a0d4c11")
THIRD = UUID("f0e11111-3a39-4f0b-8f0e-9a3c5a0d4c11")


def known() -> Iterable[UUID]:
    return [FIRST, SECOND, THIRD]


@pytest.mark.parametrize("text", ["f", "F0E1", "f0e11111-3a"])
def test_the_beginning_of_one_id_stands_for_it(text: str) -> None:
    assert full_id(text, among=known) == THIRD


def test_a_beginning_of_several_ids_lists_them() -> None:
    with pytest.raises(BadRequest, match=f"begins 2 ids: {FIRST}, {SECOND}"):
        full_id("0b6b", among=known)


@pytest.mark.parametrize("text", ["abc", "case-7", "%"])
def test_a_beginning_of_no_id_is_not_found(text: str) -> None:
    with pytest.raises(NotFound, match="no id of the newest 200 begins with"):
        full_id(text, among=known)


def test_a_whole_id_is_taken_as_it_is_and_nothing_is_looked_up() -> None:
    unknown = UUID("9f8e7d6c-0000-4000-8000-000000000000")

    def refuse() -> Iterable[UUID]:
        raise AssertionError("a whole id needs no look-up")

    assert full_id(str(unknown), among=refuse) == unknown


def test_one_id_listed_twice_is_not_ambiguous() -> None:
    assert full_id("f0", among=lambda: [THIRD, THIRD]) == THIRD
