"""Which of the rules that fit have the say: mandatory ones, then by overlay, then by hit policy."""

from collections.abc import Sequence
from itertools import groupby

from rules.table import Rule


def with_the_say(hit: str, fitting: Sequence[Rule]) -> Sequence[Rule]:
    """The rules of highest standing: more than one if they stand equal.

    Mandatory rules of different files stand equal whatever their priorities, because nothing overrides one.
    """
    highest = max(map(_standing, fitting))
    top = [rule for rule in fitting if _standing(rule) == highest]
    if not top[0].mandatory:
        return by_hit(hit, top)
    files = groupby(sorted(top, key=_origin), key=_origin)  # the sort keeps the order within each file
    return [rule for _, of_one_file in files for rule in by_hit(hit, list(of_one_file))]


def outranks(one: Rule, other: Rule) -> bool:
    """Whether a rule overrides another one whatever the hit policy says of the two."""
    return _standing(one) > _standing(other)


def _standing(rule: Rule) -> tuple[bool, int]:
    return rule.mandatory, 0 if rule.mandatory else rule.standing


def _origin(rule: Rule) -> str:
    return rule.origin


def by_hit(hit: str, rules: Sequence[Rule]) -> Sequence[Rule]:
    """The rules that the hit policy gives the say, of those that stand equal."""
    if hit == "first":
        return rules[:1]
    if hit == "unique":
        return rules
    highest = max(rule.priority for rule in rules)
    return [rule for rule in rules if rule.priority == highest]
