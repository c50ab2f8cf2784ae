"""No rule of a shipped table, and none of its overlays, can go without somebody noticing."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from rules import LayeredTable, Rule, list_tables, load_layers
from rules.trial import try_examples
from rules.verify import check_layers


def less_one_rule() -> Iterator[tuple[str, LayeredTable]]:
    """Each shipped rule's place, and its table with all rules and overlays but that one."""
    for layers in map(load_layers, list_tables()):
        for rule in layers.base.rules:
            rest = replace(layers.base, rules=without(layers.base.rules, rule))
            yield f"{rule.origin}:{rule.id}", LayeredTable(rest, layers.overlays)
        for overlay in layers.overlays:
            others = [one for one in layers.overlays if one is not overlay]
            for rule in overlay.rules:
                rest_of_it = replace(overlay, rules=without(overlay.rules, rule))
                yield f"{rule.origin}:{rule.id}", LayeredTable(layers.base, [*others, rest_of_it])


def without(rules: tuple[Rule, ...], gone: Rule) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule is not gone)


CASES = dict(less_one_rule())


@pytest.mark.parametrize("rule", CASES)
def test_without_a_rule_an_example_fails_or_the_check_speaks(rule: str) -> None:
    layers = CASES[rule]

    failed = try_examples(layers).failed
    flaws = check_layers(layers)

    assert failed or flaws
    assert all(flaw.witness for flaw in flaws if flaw.kind == "gap")


def test_every_table_and_every_overlay_is_among_them() -> None:
    files = {rule.rpartition(":")[0] for rule in CASES}

    assert len(files) == sum(1 + len(load_layers(name).overlays) for name in list_tables())
