"""What the type of a column is: one of DMN's own, or an item definition that comes down to one."""

from dataclasses import dataclass, field

from rules.errors import NotAValue
from rules.interchange.columns import Spot
from rules.interchange.dmn.elements import Element
from rules.interchange.dmn.vocabulary import TYPES
from rules.values import shown


@dataclass(frozen=True)
class ColumnType:
    """A type as `rules.interchange.columns` names it, and the values that its definition allows."""

    name: str | None
    allowed: Spot | None = None


@dataclass
class Types:
    """The item definitions of one file, by name."""

    definitions: dict[str, Element] = field(default_factory=dict)

    def find(self, reference: str) -> ColumnType:
        """What a `typeRef` comes down to. Raises `NotAValue`."""
        allowed: Spot | None = None
        seen: set[str] = set()
        name = reference
        while (definition := self.definitions.get(name)) and name not in seen:
            seen.add(name)
            if definition.attributes.get("isCollection") == "true" or definition.first("itemComponent"):
                raise NotAValue(
                    f"the type {shown(name)} is a list or a structure, and a column of ours holds one value"
                )
            values = definition.first("allowedValues")
            if values and allowed is None:
                allowed = Spot(values.at, f"allowedValues of {shown(name)}", values.text_at("text"))
            name = definition.text_at("typeRef")
        local = name.rpartition(":")[2]
        if local not in TYPES or name in seen:
            raise NotAValue(
                f"the type {shown(reference)} has no counterpart: string, number, boolean and date have"
            )
        return ColumnType(TYPES[local], allowed)
