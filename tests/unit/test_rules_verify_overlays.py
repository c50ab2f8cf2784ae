"""What verification finds in a table with its overlays, and in which of them."""

from rules import LayeredTable, decide, parse_table
from rules.overlay_parsing import parse_overlay
from rules.verify import Flaw, check_layers

BASE = """\
id: limits
version: 1
owner: Finance
title: What is paid
effective: {from: 2026-01-01}
contexts: [region, entity]
hit: priority
inputs:
  amount: {type: money, currency: EUR}
  held: {type: boolean}
outputs:
  route: {type: enum, values: [pay, ask, reject]}
rules:
- {id: HELD, priority: 9, mandatory: true, when: {held: true}, then: {route: reject}, because: A hold}
- {id: HIGH, priority: 5, when: {amount: ">= 1000"}, then: {route: ask}, because: High}
- {id: LOW, priority: 1, when: {amount: "< 1000"}, then: {route: pay}, because: Low}
"""
OVERLAY = """\
overlays: limits
id: %s
version: 1
owner: Finance
title: Otherwise
effective: {from: 2026-01-01}
context: {%s}
rules:
- {%s, because: Agreed}
"""


def flaws_of(**overlays: tuple[str, ...]) -> list[Flaw]:
    """Of the table with these overlays: by name, the context and the rows."""
    base = parse_table(BASE, "rules/limits.yaml")
    read = [
        parse_overlay(
            OVERLAY % (name, context, ", because: Agreed}\n- {".join(rows)),
            base,
            f"rules/overlays/limits/{name}.yaml",
        )
        for name, (context, *rows) in overlays.items()
    ]
    layers = LayeredTable(base, read)
    flaws = check_layers(layers)
    for flaw in flaws:
        table = layers.table_with(flaw.overlays)
        assert flaw.witness
        assert decide(table, flaw.witness.facts, as_of=flaw.witness.as_of).kind in ("decision", "no_rule")
    return flaws


def told(flaws: list[Flaw]) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(flaw.kind, flaw.rules, flaw.overlays) for flaw in flaws]


def test_an_overlay_that_only_tightens_has_no_flaw() -> None:
    stricter = 'id: AT-1, priority: 1, when: {amount: "[500..1000)"}, then: {route: ask}'

    assert flaws_of(at=("entity: AT", stricter)) == []


def test_an_overlay_that_decides_more_freely_is_told_with_a_case_of_both() -> None:
    freer = 'id: AT-1, priority: 1, when: {amount: "< 2000"}, then: {route: pay}'

    [flaw] = flaws_of(at=("entity: AT", freer))

    assert (flaw.kind, flaw.severity, flaw.rules, flaw.overlays) == (
        "loosened",
        "note",
        ("AT-1", "HIGH"),
        ("at",),
    )
    assert flaw.message == "AT-1 says route pay where the table at large says route ask (HIGH)"
    assert flaw.places == ("rules/overlays/limits/at.yaml:9", "rules/limits.yaml:15")


def test_an_overlay_that_would_loosen_a_mandatory_rule_only_loosens_nothing() -> None:
    outranked = 'id: AT-1, priority: 1, when: {held: true, amount: "< 5"}, then: {route: pay}'

    assert told(flaws_of(at=("entity: AT", outranked))) == [("unreachable", ("AT-1", "HELD"), ("at",))]


def test_an_overlay_that_narrows_a_row_leaves_a_gap() -> None:
    narrowed = 'id: HIGH, priority: 5, when: {amount: ">= 5000"}, then: {route: ask}'

    [flaw] = flaws_of(at=("entity: AT", narrowed))

    assert (flaw.kind, flaw.severity, flaw.overlays) == ("gap", "error", ("at",))
    assert flaw.message == 'no rule fits {amount: "[1000..5000)", held: false}'


def test_a_row_of_the_table_that_an_overlay_covers_is_no_flaw() -> None:
    every = "id: AT-1, priority: 1, when: {}, then: {route: reject}"

    assert flaws_of(at=("entity: AT", every)) == []


def test_a_row_that_is_idle_only_beside_another_overlay_is_no_flaw() -> None:
    wide = 'id: EU-1, priority: 1, when: {amount: "< 50"}, then: {route: ask}'
    closer = 'id: AT-1, priority: 1, when: {amount: "< 90"}, then: {route: ask}'

    assert flaws_of(eu=("region: EU", wide), at=("entity: AT", closer)) == []


def test_a_row_that_only_takes_back_what_another_overlay_decides_is_no_flaw() -> None:
    wide = 'id: EU-1, priority: 1, when: {amount: "< 50"}, then: {route: ask}'
    back = 'id: AT-1, priority: 1, when: {amount: "< 50"}, then: {route: pay}'

    assert flaws_of(eu=("region: EU", wide), at=("entity: AT", back)) == []


def test_a_row_that_changes_nothing_in_any_context_is_redundant() -> None:
    idle = 'id: AT-1, priority: 1, when: {amount: "< 50"}, then: {route: pay}'

    assert told(flaws_of(at=("entity: AT", idle))) == [("redundant", ("AT-1", "LOW"), ("at",))]
