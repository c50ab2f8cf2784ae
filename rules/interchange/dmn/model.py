"""What the elements of one DMN file share: ids, input data, requirements, and what has no counterpart."""

import re
from collections.abc import Callable, Mapping, Sequence

from rules.errors import Finding, NotAValue
from rules.interchange.dmn.diagram import diagram
from rules.interchange.dmn.markup import Tag
from rules.table import Table

_NOT_FIRST = re.compile(r"(?=[^A-Za-z_])")


class Model:
    """The file that is being written; each table has its id before any is written, for others to refer to."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._taken: set[str] = set()
        self.tables: Mapping[str, Table] = {table.id: table for table in tables}
        self.decisions = {name: self.take(name) for name in self.tables}
        self.findings: list[Finding] = []
        self._facts: dict[str, tuple[str, str]] = {}
        self._requirements: dict[str, tuple[str, str]] = {}

    def take(self, wanted: str) -> str:
        """An id of XML that nothing has yet: this one, if it is one."""
        name = _NOT_FIRST.sub("_", wanted, count=1) if _NOT_FIRST.match(wanted) else wanted
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def note(self, table: Table, line: int, message: object) -> None:
        self.findings.append(Finding(table.file, line, 1, str(message)))

    def said(self, table: Table, line: int, what: str, writer: Callable[[], str]) -> str:
        """What a cell is in FEEL; what has no counterpart is noted and left empty."""
        try:
            return writer()
        except NotAValue as refusal:
            self.note(table, line, f"{what}: {refusal}")
            return ""

    def require_fact(self, decision: str, name: str, type_ref: str) -> Tag:
        """The element by which a decision requires input data."""
        if name not in self._facts:
            self._facts[name] = (self.take(f"fact_{name}"), type_ref)
        return self._requirement(decision, self._facts[name][0], "requiredInput")

    def require_decision(self, decision: str, asked: str) -> Tag:
        """The element by which a decision requires another one."""
        return self._requirement(decision, self.decisions[asked], "requiredDecision")

    def input_data(self) -> list[Tag]:
        return [_input_data(self.take, name, *fact) for name, fact in self._facts.items()]

    def picture(self) -> Tag:
        first, *others = self.decisions.values()
        return diagram([[first], others, [one for one, _ in self._facts.values()]], self._requirements)

    def _requirement(self, decision: str, source: str, tag: str) -> Tag:
        name = self.take(f"{decision}_requires_{source}")
        self._requirements[name] = (source, decision)
        return Tag("informationRequirement", {"id": name}, [Tag(tag, {"href": f"#{source}"})])


def _input_data(take: Callable[[str], str], name: str, own_id: str, type_ref: str) -> Tag:
    variable = Tag("variable", {"id": take(f"{own_id}_variable"), "name": name, "typeRef": type_ref})
    return Tag("inputData", {"id": own_id, "name": name}, [variable])
