"""From a DMN file to tables of ours, or to everything that has no counterpart here."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from rules.document import Findings
from rules.errors import NotAValue, TableError
from rules.interchange.columns import Columns, Spot
from rules.interchange.dmn.columns import Surroundings
from rules.interchange.dmn.elements import Element, read_elements
from rules.interchange.dmn.names import Asked, asked_by
from rules.interchange.dmn.tables import read_table, reason_of
from rules.interchange.dmn.types import Types
from rules.interchange.dmn.vocabulary import VERSIONS, said_by
from rules.interchange.drafts import Heading, Imported, TableText, name_from, table_text
from rules.interchange.order import in_order
from rules.interchange.unary import FEEL
from rules.table import Table
from rules.values import NAME, shown


def import_dmn(content: bytes, source: str, *, heading: Heading, only: str | None = None) -> Imported:
    """Read the decision tables of a DMN file, or of one decision of it and of those that it requires.

    `heading` stands in for what the file does not say of its tables; `only` is a decision's id or name.

    Raises:
        TableError: it is no DMN, or something of these decisions has no counterpart; `findings` says all.
    """
    findings = Findings(source)
    root = read_elements(content, findings)
    if root.name != "definitions" or root.space not in VERSIONS:
        findings.add(
            root.at, f"{shown(root.name)} of {shown(root.space)} is not DMN of a version that is read here"
        )
        raise findings.as_error()
    imported = _Model(root, findings).imported(heading, only)
    if findings.found:
        raise TableError(sorted(set(findings.found)))
    return imported


class _Model:
    """The decisions of one file, by id."""

    def __init__(self, root: Element, findings: Findings) -> None:
        self._root = root
        self._findings = findings
        self._columns = Columns(FEEL, findings)
        self._types = Types({one.attributes.get("name", ""): one for one in root.all("itemDefinition")})
        self._facts = dict(map(_input_data, root.all("inputData")))
        self._decisions = {one.id: one for one in root.all("decision")}
        self._names = {
            one.id: self._name(one) for one in self._decisions.values() if one.first("decisionTable")
        }
        self._questions = set(self._all_questions())
        self._tables: dict[str, Table] = {}
        self._refuse_other_languages(root)
        self._refuse_equals([one.id for one in root.all("decision")], "have the id")
        self._refuse_equals([one.table for one in self._names.values()], "become the table")

    def imported(self, heading: Heading, only: str | None) -> Imported:
        """The tables of all decisions, or of one and of those below it; those that are asked come first."""
        tables: list[TableText] = []
        notes: list[str] = []
        for decision in self._wanted(only):
            self._refuse_what_is_not_here(decision)
            if table := decision.first("decisionTable"):
                notes += _left_out(decision, table)
                tables.append(self._table(decision, heading))
            else:
                self._columns.note(
                    _spot(decision), "is decided by no table, and only tables are carried over"
                )
        return Imported(tables=tables, notes=notes)

    def _table(self, decision: Element, heading: Heading) -> TableText:
        noted = len(self._findings.found)
        named = self._names[decision.id]
        asked_for = {output for table, output in self._questions if table == named.table}
        around = Surroundings(self._types, self._facts, self._asked(decision), self._tables, asked_for)
        draft = read_table(decision, named, around, columns=self._columns, heading=heading)
        spot = _spot(decision)
        read = table_text(draft, self._columns, self._findings, spot=spot, noted=noted, asked=self._tables)
        if read.table:
            self._tables[read.id] = read.table
        return read

    def _asked(self, decision: Element) -> list[Asked]:
        return [self._names[one.id] for one in self._required(decision) if one.id in self._names]

    def _all_questions(self) -> Iterator[tuple[str, str]]:
        """The outputs that any decision asks for, with their tables."""
        for decision in self._decisions.values():
            asked = self._asked(decision)
            for one in decision.all("decisionTable", "input", "inputExpression", "text"):
                with suppress(NotAValue):
                    question = asked_by(one.text, asked)
                    yield from [question] if question else []

    def _wanted(self, only: str | None) -> list[Element]:
        named = {key: one.attributes.get("name") for key, one in self._decisions.items()}
        starts = [key for key, name in named.items() if only in (None, key, name)]
        if only and not starts:
            self._findings.add(self._root.at, f"there is no decision {shown(only)}")
        asks = {key: [below.id for below in self._required(one)] for key, one in self._decisions.items()}
        try:
            return [self._decisions[key] for key in in_order(starts, asks)]
        except NotAValue as refusal:
            self._findings.add(self._root.at, str(refusal))
            return []

    def _required(self, decision: Element) -> list[Element]:
        named = [one.attributes.get("href", "").removeprefix("#") for one in _requirements(decision)]
        return [self._decisions[name] for name in named if name in self._decisions]

    def _refuse_what_is_not_here(self, decision: Element) -> None:
        for one in _requirements(decision):
            href = one.attributes.get("href", "")
            if href.removeprefix("#") not in self._decisions:
                self._columns.note(Spot(one.at, "requiredDecision", href), "is no decision of this file")

    def _name(self, decision: Element) -> Asked:
        """What a decision is called, there and here."""
        name = decision.attributes.get("name", "")
        variable = decision.first("variable")
        called = {name, decision.id, variable.attributes.get("name", "") if variable else ""} - {""}
        outputs = [one.attributes.get("name", "") for one in decision.all("decisionTable", "output")]
        own = said_by(decision, "id") or decision.id
        return Asked(
            table=own if NAME.fullmatch(own) else self._name_from(name, decision),
            called=sorted(called),
            outputs={output: self._name_from(output or name, decision) for output in outputs},
        )

    def _name_from(self, text: str, decision: Element) -> str:
        try:
            return name_from(text)
        except NotAValue as refusal:
            self._columns.note(_spot(decision), refusal)
            return ""

    def _refuse_equals(self, names: list[str], what: str) -> None:
        for name, count in Counter(names).items():
            if count > 1:
                self._findings.add(self._root.at, f"{count} decisions {what} {shown(name)}")

    def _refuse_other_languages(self, element: Element) -> None:
        language = element.attributes.get("expressionLanguage", "FEEL")
        if "feel" not in language.lower():
            self._columns.note(_spot(element), f"is written in {shown(language)}, and only FEEL is read")
        for child in element.children:
            self._refuse_other_languages(child)


def _requirements(decision: Element) -> Iterator[Element]:
    return decision.all("informationRequirement", "requiredDecision")


def _input_data(element: Element) -> tuple[str, str]:
    """The name of input data, and its type."""
    variable = element.first("variable")
    return element.attributes.get("name", ""), variable.attributes.get("typeRef", "") if variable else ""


def _left_out(decision: Element, table: Element) -> Iterator[str]:
    called = decision.attributes.get("name") or decision.id
    for output in table.all("output"):
        if default := output.text_at("defaultOutputEntry", "text"):
            name = output.attributes.get("name") or called
            yield f"{called}: default {default} of {name} is left out; a person decides where no rule fits"
    bare = [rule for rule in table.all("rule") if not reason_of(rule)]
    if bare:
        yield f"{called}: {len(bare)} rules give no reason, and now say so"


def _spot(element: Element) -> Spot:
    return Spot(element.at, f"{element.name} {element.id}", element.attributes.get("name", ""))
