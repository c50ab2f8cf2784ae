"""Reading the inputs of a table: those that are given, those derived, and those that other tables answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from rules.declarations import INPUT_TYPES, Inputs, checked_name, domain_of, name_of, type_of
from rules.document import Findings
from rules.errors import NotAValue, TableError, TableNotFound
from rules.formulas import Formula, parse_formula
from rules.section import Section
from rules.table import Input, Output, Question, Table
from rules.values import EnumType, IntegerType, SetType, ValueType, shown

Tables = Callable[[str], Table]  # finds a table by its name; raises `TableNotFound` and `TableError`


@dataclass(frozen=True)
class Declared:
    """The inputs by name; those that are computed, each after what it needs; the tables that are asked."""

    inputs: Inputs
    computed: tuple[str, ...]
    asked: Mapping[str, Table]

    @property
    def given(self) -> Inputs:
        """What facts are given for: `Table.given`, with the inputs that are declared wrongly."""
        others = [table.given for table in self.asked.values()]
        below = {name: one for given in others for name, one in given.items() if name not in self.inputs}
        return below | {name: one for name, one in self.inputs.items() if not (one and one.computed)}


def read_inputs(section: Section, findings: Findings, tables: Tables) -> Declared:
    """Read the declarations of the inputs, and the tables that they ask."""
    return _Reader(section, findings, tables).read()


class _Reader:
    """Reads each declaration by itself first, and then what they say of each other."""

    def __init__(self, section: Section, findings: Findings, tables: Tables) -> None:
        self._findings = findings
        self._tables = tables
        self._sections = {
            checked_name(name, section): Section(node, findings, what=f"input {shown(name)}")
            for name, node in section.entries().items()
        }
        self._inputs = {name: _input(name, own) for name, own in self._sections.items()}
        self._asked: dict[str, Table | None] = {}

    def read(self) -> Declared:
        for declared in self._inputs.values():
            if declared and declared.derived:
                self._check_formula(declared, declared.derived)
            if declared and declared.asks:
                self._check_question(declared, declared.asks)
        asked = {name: table for name, table in self._asked.items() if table}
        self._check_facts(asked)
        return Declared(self._inputs, self._order(), asked)

    def _check_formula(self, declared: Input, formula: Formula) -> None:
        if any(name in self._inputs and not self._inputs[name] for name in formula.inputs):
            return  # with an operand that is declared wrongly, nothing can be said of the formula
        try:
            formula.check(declared.type, {name: one.type for name, one in self._inputs.items() if one})
        except NotAValue as refusal:
            self._note(declared.name, "derived", str(refusal))

    def _check_question(self, declared: Input, question: Question) -> None:
        if question.table not in self._asked:
            self._asked[question.table] = self._load(declared.name, question.table)
        table = self._asked[question.table]
        if table is None:
            return
        output = table.outputs.get(question.output)
        if output is None:
            self._note(declared.name, "from", f"table {table.id!r} has no output {question.output!r}")
        elif not _fits(_answer_type(table, output), declared.type):
            self._note(
                declared.name, "from", f"output {output.name!r} of table {table.id!r} is of another type"
            )
        elif _may_lack(table, output) and not declared.optional:
            message = f"output {output.name!r} of table {table.id!r} is not always said: make it optional"
            self._note(declared.name, "from", message)

    def _load(self, name: str, table: str) -> Table | None:
        try:
            return self._tables(table)
        except TableNotFound as refusal:
            self._note(name, "from", str(refusal))
        except TableError as refusal:
            self._findings.found += refusal.findings
        return None

    def _check_facts(self, asked: Mapping[str, Table]) -> None:
        """Make sure that a name means the same wherever it is an input."""
        types = {name: declared.type for name, declared in self._inputs.items() if declared}
        for declared in filter(None, self._inputs.values()):
            table = asked.get(declared.asks.table) if declared.asks else None
            for name, needed in table.given.items() if table else ():
                if name in self._inputs and not self._inputs[name]:
                    continue
                if not _fits(types.setdefault(name, needed.type), needed.type):
                    message = f"input {name!r} of table {table and table.id!r} is of another type"
                    self._note(declared.name, "from", message)

    def _order(self) -> tuple[str, ...]:
        needs = {name: self._needs(one) for name, one in self._inputs.items() if one and one.computed}
        try:
            return tuple(name for name in TopologicalSorter(needs).static_order() if name in needs)
        except CycleError as error:
            circle = error.args[1]
            self._sections[circle[0]].note(f"needs itself: {', '.join(reversed(circle))}")
            return ()

    def _needs(self, declared: Input) -> list[str]:
        if declared.derived:
            return list(declared.derived.inputs)
        table = self._asked[declared.asks.table] if declared.asks else None
        return [name for name in table.given if name in self._inputs] if table else []

    def _note(self, name: str, key: str, message: str) -> None:
        section = self._sections[name]
        section.note(f"{key!r}: {message}", at=section.place(key))


def _input(name: str, section: Section) -> Input | None:
    kind = type_of(section, INPUT_TYPES)
    optional = section.word("optional", ("false", "true"), optional=True) == "true"
    unit = section.text("unit", optional=True)
    label = section.text("label", optional=True)
    domain = section.take("domain", optional=True)
    derived = section.read("derived", parse_formula, stand_in=None, optional=True)
    asks = _question(section.section("from", optional=True))
    if derived and asks:
        section.note("an input is derived or asked for, not both", at=section.place("from"))
    if kind is None:
        return None
    section.close()
    return Input(
        name=name,
        type=kind[1],
        optional=optional,
        unit=unit,
        label=label,
        domain=domain_of(name, kind[1], domain, section),
        derived=derived,
        asks=asks,
    )


def _question(section: Section) -> Question | None:
    table = section.read("table", name_of, stand_in="")
    output = section.read("output", name_of, stand_in="")
    section.close()
    return Question(table, output) if table and output else None


def _answer_type(table: Table, output: Output) -> ValueType | None:
    if table.aggregate == "count":
        return IntegerType()
    if table.aggregate == "list":  # what was said twice is one word of a set
        return SetType(output.values) if output.values else None
    return output.value_type


def _may_lack(table: Table, output: Output) -> bool:
    if table.aggregate:
        return table.aggregate in ("min", "max")
    return output.only_when is not None


def _fits(kind: ValueType | None, wanted: ValueType) -> bool:
    """Whether each value of a type is one of another."""
    for words in (EnumType, SetType):
        if isinstance(kind, words) and isinstance(wanted, words):
            return set(kind.values) <= set(wanted.values)
    return kind == wanted
