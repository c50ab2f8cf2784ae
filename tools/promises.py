"""What a tool promises of its answers, as a JSON Schema that may itself be malicious.

Checking never leaves this process: a reference leads to a place in the same schema, or the schema is refused.
Nor can it take for ever. The engine matches patterns with a bounded search, and how many subschemas it visits
at most is counted before it is asked, because references may double with every level of the answer.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from jsonschema_rs import FancyRegexOptions, ValidationError, Validator, validator_for
from pydantic import JsonValue

from tools.errors import BadAnswer, BadOffer
from tools.words import quoted

# About 60 ns a visit: the most thorough check holds the event loop for some three seconds.
MOST_VISITS = 50_000_000
PATTERNS = FancyRegexOptions(backtrack_limit=100_000, size_limit=1_000_000, dfa_size_limit=1_000_000)

# Where a schema holds others: for the same value, or for values inside it.
BESIDE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
BELOW = (
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
)
NAMED = {"dependentSchemas", "dependencies", "properties", "patternProperties"}
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class Promise:
    """The output schema of a tool, ready to be checked.

    Raises:
        BadOffer: it is none, refers elsewhere or to itself.
    """

    def __init__(self, tool: str, schema: dict[str, Any]) -> None:
        self._tool = tool
        try:
            self._work = _Work(schema)
            self._validator: Validator = validator_for(schema, retriever=_stay_here, pattern_options=PATTERNS)
        except (ValidationError, ValueError) as error:
            # The error's own text goes on for lines; its message is the first of its arguments.
            raise BadOffer(f"{tool} promises a schema that is none: {quoted(str(error.args[0]))}") from error

    def check(self, answer: JsonValue, *, values: int, depth: int) -> None:
        """Check an answer of so many values and so deep.

        Raises:
            BadAnswer: it breaks the promise, or checking it would take too long.
        """
        if self._work.visits(depth) * values > MOST_VISITS:
            raise BadAnswer(f"{self._tool} promises a schema that takes too long to check its answer by")
        broken = next(self._validator.iter_errors(answer), None)
        if broken is not None:
            field = ".".join(map(str, broken.instance_path)) or "the answer"
            raise BadAnswer(f"{self._tool} breaks its own schema, {quoted(field)}: {quoted(broken.message)}")


def _stay_here(uri: str) -> Any:
    """Fetch nothing that a schema refers to."""
    raise ValueError(f"{uri} is not fetched")


class _Work:
    """How much checking by a schema may cost: which of its parts lead to which others."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._root = schema
        self._parts: list[dict[str, Any]] = []
        self._numbers: dict[int, int] = {}
        self._beside: list[list[int]] = []
        self._below: list[list[int]] = []
        self._number(schema)
        for part in self._parts:  # it grows meanwhile
            self._beside.append([self._number(other) for other in self._others_beside(part)])
            self._below.append([self._number(other) for other in _inside(part, BELOW)])
        self._order = _inner_first(self._beside)
        self._known: dict[int, int] = {}

    def visits(self, depth: int) -> int:
        """Say how many parts are visited at most for one value at each of so many levels."""
        if depth not in self._known:
            costs = [0] * len(self._parts)
            for _ in range(depth):
                costs = self._one_level_up(costs)
            self._known[depth] = costs[0]
        return self._known[depth]

    def _one_level_up(self, lower: list[int]) -> list[int]:
        costs = [0] * len(self._parts)
        for number in self._order:
            beside = sum(costs[other] for other in self._beside[number])
            costs[number] = 1 + beside + sum(lower[other] for other in self._below[number])
        return costs

    def _number(self, part: dict[str, Any]) -> int:
        number = self._numbers.setdefault(id(part), len(self._parts))
        if number == len(self._parts):
            if "$id" in part and part is not self._root:
                raise ValueError("a part of it has an $id of its own")
            self._parts.append(part)
        return number

    def _others_beside(self, part: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from _inside(part, BESIDE)
        for keyword in REFERENCES:
            if keyword in part and isinstance(target := self._target(part[keyword]), dict):
                yield target
        if "unevaluatedProperties" in part or "unevaluatedItems" in part:
            yield from _inside(part, BESIDE)  # the engine asks them a second time

    def _target(self, reference: object) -> Any:
        """Return the place in this schema that a reference leads to."""
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise ValueError(f"it refers elsewhere: {reference}")
        place: Any = self._root
        for step in unquote(reference).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                place = place[int(name)] if isinstance(place, list) else place[name]
            except (LookupError, TypeError, ValueError):
                raise ValueError(f"it refers to nothing: {reference}") from None
        return place


def _inside(part: dict[str, Any], keywords: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for keyword in keywords:
        held = part.get(keyword)
        if isinstance(held, dict):
            held = list(held.values()) if keyword in NAMED else [held]
        yield from (
            (other for other in held or [] if isinstance(other, dict)) if isinstance(held, list) else ()
        )


def _inner_first(beside: list[list[int]]) -> list[int]:
    """Order the parts so that each comes after those beside it.

    Raises:
        ValueError: some part is beside itself, which no check would ever leave.
    """
    waiting = [len(set(others)) for others in beside]
    outer: list[list[int]] = [[] for _ in beside]
    for number, others in enumerate(beside):
        for other in set(others):
            outer[other].append(number)
    order = [number for number, count in enumerate(waiting) if count == 0]
    for number in order:  # it grows meanwhile
        for one in outer[number]:
            waiting[one] -= 1
            if waiting[one] == 0:
                order.append(one)
    if len(order) < len(beside):
        raise ValueError("it refers to itself")
    return order
