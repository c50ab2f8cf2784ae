"""What the rules that fit say together, by the hit policy of their table.

`collect` takes all of them, those of overlays as well: an overlay changes what is collected by replacing
rows.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Literal, NamedTuple, cast

from rules.precedence import by_hit, with_the_say
from rules.table import Outcome, Output, Rule, Table
from rules.values import JsonValue

_EXACT = Context(prec=100)  # a sum of 10^39 rows of the longest decimals


class Verdict(NamedTuple):
    """The rules that have the say, and what they say unless they contradict each other or there is none."""

    kind: Literal["decision", "no_rule", "conflict"]
    rules: Sequence[Rule]
    outcome: Outcome


def judge(table: Table, fitting: Sequence[Rule]) -> Verdict:
    """Judge by the rules that fit, which stand in the table's order."""
    if not fitting:
        return Verdict("no_rule", (), {})
    if table.aggregate:
        return Verdict("decision", fitting, _together(table, fitting))
    best = with_the_say(table.hit, fitting) if table.overrides else by_hit(table.hit, fitting)
    if len(best) > 1 and (table.hit == "unique" or any(rule.outcome != best[0].outcome for rule in best)):
        return Verdict("conflict", best, {})
    return Verdict("decision", best[:1], best[0].outcome)


def _together(table: Table, fitting: Sequence[Rule]) -> Outcome:
    """For each output, what the rules that say it amount to."""
    return {
        name: _aggregate(
            str(table.aggregate), output, [one for rule in fitting if (one := rule.outcome[name]) is not None]
        )
        for name, output in table.outputs.items()
    }


def _aggregate(aggregate: str, output: Output, said: list[JsonValue]) -> JsonValue:
    if aggregate == "list":
        return said
    if aggregate == "count":
        return len(said)
    # Reading the table has made sure that the outputs of these are numbers.
    numbers = [Decimal(cast(Decimal | int, output.value_type.fact(one))) for one in said]
    if aggregate == "sum":
        return _plain(output, _sum(numbers))
    if not numbers:
        return None
    return _plain(output, min(numbers) if aggregate == "min" else max(numbers))


def _sum(numbers: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = _EXACT.add(total, number)
    return total


def _plain(output: Output, number: Decimal) -> JsonValue:
    return output.value_type.plain(int(number) if output.type == "integer" else number)
