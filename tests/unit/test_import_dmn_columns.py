"""What type and name the columns of a DMN table have here."""

import pytest
from credit_terms import HEADING, changed, findings_of, tables_of

from rules.interchange.dmn import import_dmn
from rules.values import DecimalType, EnumType, IntegerType


def with_rating_of(type_: str) -> str:
    """The file with another type of the rating, which then lists no values of its own."""
    unbounded = changed("<text>[1..9]</text>", "<text></text>")
    return unbounded.replace(
        'id="InputExpression_4" typeRef="integer"', f'id="InputExpression_4" typeRef="{type_}"'
    )


def test_an_item_definition_is_the_type_that_it_comes_down_to_with_its_values() -> None:
    rating = tables_of(with_rating_of("tRating"))["risk"].inputs["rating"]

    assert rating.type == DecimalType()
    assert rating.domain
    assert rating.domain.text == "[1..8]"


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        ("tMany", "is a list or a structure"),
        ("tPair", "is a list or a structure"),
        ("tRound", "has no counterpart"),
        ("tGone", "has no counterpart"),
    ],
)
def test_a_type_without_counterpart_is_refused_once(type_: str, reason: str) -> None:
    [finding] = findings_of(with_rating_of(type_))

    assert "input Input_rating, 'rating'" in finding
    assert reason in finding


def test_the_type_of_input_data_is_that_of_a_column_that_states_none() -> None:
    untyped = changed('id="InputExpression_1" typeRef="number"', 'id="InputExpression_1"')
    text = untyped.replace("50000.50", "50000")

    assert tables_of(text)["credit"].inputs["turnover"].type == IntegerType()


def test_rules_in_the_order_of_their_outputs_are_a_list_in_that_order() -> None:
    text = changed('hitPolicy="PRIORITY"', 'hitPolicy="OUTPUT ORDER"')

    [risk] = import_dmn(text.encode(), "credit.dmn", heading=HEADING, only="risk").tables

    assert risk.table
    assert (risk.table.hit, risk.table.aggregate) == ("collect", "list")
    assert [rule.id for rule in risk.table.rules] == ["DecisionRule_0bad", "DecisionRule_0low"]


def test_a_name_that_ours_cannot_be_becomes_one_near_it_and_stays_the_label() -> None:
    text = changed('label="Rating">', ">").replace("<text>rating</text>", "<text>Größe des Kunden</text>")

    rating = next(iter(tables_of(text)["risk"].inputs.values()))

    assert (rating.name, rating.label) == ("Groe_des_Kunden", "Größe des Kunden")


def test_the_words_that_an_asked_decision_says_are_the_values_of_the_input() -> None:
    text = changed('<text>"high","low"</text>', "<text></text>").replace(
        'hitPolicy="PRIORITY"', 'hitPolicy="ANY"'
    )
    tables = tables_of(text.replace('<text>"low","high"</text>', "<text></text>"))

    assert tables["risk"].outputs["risk"].values == ("low", "high")
    assert tables["credit"].inputs["risk"].type == EnumType(("low", "high"))
