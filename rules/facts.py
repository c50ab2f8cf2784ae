"""The facts of a question: read by the types of the table, with what is derived from them and asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rules.decision import Decision, Escalation
from rules.errors import NotAValue
from rules.formulas import Formula
from rules.table import Facts, Input, Question, Table, Values
from rules.values import NAME, JsonValue, SetType, Value, in_words, shown

Answer = Decision | Escalation
Ask = Callable[[Table, Facts], Answer]


class Lack(NamedTuple):
    """Why an input that must have a value has none: facts that are missing, or a table that escalated.

    `asked` is the input that it was asked for.
    """

    facts: tuple[str, ...]
    escalation: Escalation | None = None
    asked: str = ""


@dataclass
class Known:
    """What is known of a table's inputs, and of the facts that only the tables it asks need.

    `wrong` says of each input that has no value of its type why; `lacks` names those that are unknown.
    """

    values: dict[str, Value | None] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    lacks: dict[str, Lack] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)


def read_facts(table: Table, facts: Mapping[str, object]) -> Known:
    """Read what is given; a fact that is None is missing."""
    known = Known()
    for name in sorted(facts.keys() - table.given.keys()):
        what = "is worked out by" if name in table.inputs else "is no input of"
        known.wrong[name if NAME.fullmatch(name) else shown(name)] = f"{what} table {table.id!r}"
    for name, declared in table.given.items():
        raw = facts.get(name)
        try:
            known.values[name] = None if raw is None else _within_domain(declared, declared.type.fact(raw))
        except NotAValue as refusal:
            known.wrong[name] = str(refusal)
    return known


def plain_facts(inputs: Mapping[str, Input], values: Values) -> dict[str, JsonValue]:
    """Write the values of these inputs as facts."""
    return {name: plain_fact(declared, values[name]) for name, declared in inputs.items() if name in values}


def plain_fact(declared: Input, value: Value | None) -> JsonValue:
    """Write a value as a fact."""
    return None if value is None else declared.type.plain(value)


def complete(table: Table, known: Known, ask: Ask) -> None:
    """Derive and ask for what is not given, and say what is lacking."""
    known.lacks |= {name: Lack((name,)) for name in table.required if known.values[name] is None}
    for name in table.computed:
        _Computation(table, known, table.inputs[name]).run(ask)


class _Computation:
    """Computes one input, of which all that it needs has been computed before."""

    def __init__(self, table: Table, known: Known, declared: Input) -> None:
        self._table = table
        self._known = known
        self._declared = declared

    def run(self, ask: Ask) -> None:
        name = self._declared.name
        self._known.values[name] = None
        try:
            value = self._value(ask)
            if value is not None:
                self._known.values[name] = _within_domain(self._declared, value)
        except NotAValue as refusal:
            self._known.wrong[name] = str(refusal)

    def _value(self, ask: Ask) -> Value | None:
        if self._declared.derived:
            return self._derived(self._declared.derived)
        return self._asked(self._declared.asks, ask) if self._declared.asks else None

    def _derived(self, formula: Formula) -> Value | None:
        if self._lacks(formula.inputs):
            return None
        value = formula.value(self._known.values, self._declared.type)
        if value is None and not self._declared.optional:
            self._lack(Lack(tuple(self._missing(formula.inputs)) or (self._declared.name,)))
        return value

    def _asked(self, question: Question, ask: Ask) -> Value | None:
        table = self._table.asked[question.table]
        # What the other table may decide without, and this one may not, is still to be known.
        if self._lacks([name for name, declared in table.given.items() if declared.optional]):
            return None
        if question.table not in self._known.answers:
            inputs = {name: self._table.inputs.get(name, one) for name, one in table.given.items()}
            self._known.answers[question.table] = ask(table, plain_facts(inputs, self._known.values))
        answer = self._known.answers[question.table]
        if isinstance(answer, Escalation):
            self._escalated(answer)
            return None
        said = answer.outcome[question.output]
        if said is None and not self._declared.optional:
            self._lack(Lack((self._declared.name,)))
        return None if said is None else _fact(self._declared, said)

    def _escalated(self, answer: Escalation) -> None:
        if answer.kind == "invalid_input":
            raise NotAValue(f"table {answer.basis.table.id!r}: {answer.message}")
        if answer.kind != "missing_input":
            self._lack(Lack((), answer, self._declared.name))
            return
        lacking = self._known.lacks
        facts = (lacking[name].facts if name in lacking else (name,) for name in answer.inputs)
        self._lack(Lack(tuple(dict.fromkeys(name for names in facts for name in names))))

    def _lacks(self, names: Sequence[str]) -> bool:
        """Note that this input lacks what those that it needs lack, if they do."""
        lacks = [self._known.lacks[name] for name in names if name in self._known.lacks]
        if lacks:
            facts = tuple(dict.fromkeys(name for one in lacks for name in one.facts))
            first = next((one for one in lacks if one.asked), lacks[0])
            self._lack(Lack(facts, first.escalation, first.asked))
        return bool(lacks)

    def _lack(self, lack: Lack) -> None:
        self._known.lacks[self._declared.name] = lack

    def _missing(self, names: Sequence[str]) -> Iterator[str]:
        """The given inputs that are missing among these and among what these are derived from."""
        for name in names:
            formula = self._table.inputs[name].derived
            if self._known.values[name] is None:
                yield from self._missing(formula.inputs) if formula else (name,)


def _within_domain(declared: Input, value: Value) -> Value:
    if declared.domain and not declared.domain.cell.holds(value):
        words = in_words(declared.type.plain(value))
        raise NotAValue(f"{words} is outside {declared.domain.text}")
    return value


def _fact(declared: Input, said: JsonValue) -> Value:
    if isinstance(declared.type, SetType) and isinstance(said, list):
        return declared.type.fact([*dict.fromkeys(map(str, said))])  # two rows may say the same word
    return declared.type.fact(said)
