"""Reading what a table declares: names, types, domains, and the outputs."""

from collections.abc import Callable, Mapping, Sequence

from rules.cells import Anything, Cell, Missing, one_of, parse_cell
from rules.document import Fields, Findings, Listing, Node, Text
from rules.errors import NotAValue
from rules.section import Section, text_of
from rules.table import Condition, Input, Output
from rules.values import (
    NAME,
    RESERVED,
    WORD,
    BooleanType,
    CodeType,
    DateType,
    DecimalType,
    EnumType,
    IntegerType,
    MoneyType,
    SetType,
    TextType,
    ValueType,
    currency_code,
    shown,
)

# None stands for a declaration that is wrong, so that what the rules say of it is not judged.
Inputs = Mapping[str, Input | None]
Outputs = Mapping[str, Output | None]

PLAIN_TYPES: Mapping[str, ValueType] = {
    "decimal": DecimalType(),
    "integer": IntegerType(),
    "date": DateType(),
    "boolean": BooleanType(),
    "code": CodeType(),
    "text": TextType(),
}
WORD_TYPES = {"enum": EnumType, "role": EnumType, "set": SetType}
INPUT_TYPES = ("decimal", "integer", "date", "boolean", "code", "money", "enum", "set")
_MOST_WORDS = 12  # a column of sets has an atom for each way to have some of them
OUTPUT_TYPES = ("enum", "role", "text", "money", "decimal", "integer", "date", "boolean")


def read_outputs(section: Section, findings: Findings) -> Outputs:
    """Read the declarations of the outputs, by name."""
    outputs: dict[str, Output | None] = {}
    for name, node in section.entries().items():
        own = Section(node, findings, what=f"output {shown(name)}")
        outputs[checked_name(name, section)] = _output(name, own, outputs)
    return outputs


def name_of(text: str) -> str:
    """Read the name of a table, a rule or a role. Raises `NotAValue`."""
    if not NAME.fullmatch(text) or text == RESERVED:
        raise NotAValue(f"{shown(text)} is not a name of letters, digits, '_', '-' and '.'")
    return text


def word_of(text: str) -> str:
    """Read a value of an enumeration or a set. Raises `NotAValue`."""
    if not WORD.fullmatch(text) or text == RESERVED:
        raise NotAValue(f"{shown(text)} is not a value of letters, digits, '_', '-', '.' and single blanks")
    return text


def checked_name(name: str, section: Section) -> str:
    """The name of an input or output of this section, which notes one that is none."""
    try:
        return name_of(name)
    except NotAValue as refusal:
        section.note(str(refusal), at=section.place(name))
        return name


def cell_of(node: Node, kind: ValueType) -> tuple[Cell, str]:
    """Read a cell, and its text, of an input of this type; a list is a set. Raises `NotAValue`."""
    if isinstance(node, Listing):
        texts = [text_of(item) for item in node.items]
        return one_of(texts, kind), f"{{{', '.join(texts)}}}"
    return parse_cell(text_of(node), kind), text_of(node).strip()


def type_of(section: Section, types: Sequence[str]) -> tuple[str, ValueType] | None:
    """Take a type, one of these, with what belongs to it; None if it is wrong."""
    name = section.word("type", types)
    if name == "money":
        currency = section.read("currency", currency_code, stand_in="")
        return (name, MoneyType(currency)) if currency else None
    if name in WORD_TYPES:
        values = read_distinct(section, "values", name_of if name == "role" else word_of)
        if name == "set" and len(values) > _MOST_WORDS:
            section.note(f"'values': a set has at most {_MOST_WORDS} words", at=section.place("values"))
        return (name, WORD_TYPES[name](values)) if values else None
    return (name, PLAIN_TYPES[name]) if name else None


def domain_of(name: str, kind: ValueType, node: Node | None, section: Section) -> Condition | None:
    """Read a cell that says which values of a type there can be."""
    if node is None:
        return None
    try:
        cell, text = cell_of(node, kind)
        if cell in (Anything(), Missing()):
            raise NotAValue(f"{shown(text)} names no values")
    except NotAValue as refusal:
        section.note(f"'domain': {refusal}", at=node.at)
        return None
    return Condition(input=name, cell=cell, text=text)


def _output(name: str, section: Section, earlier: Outputs) -> Output | None:
    kind = type_of(section, OUTPUT_TYPES)
    unit = section.text("unit", optional=True)
    label = section.text("label", optional=True)
    domain = section.take("domain", optional=True)
    only_when = section.take("only_when", optional=True)
    if kind is None:
        return None
    section.close()
    try:
        condition = _only_when(only_when, earlier) if only_when else None
    except NotAValue as refusal:
        section.note(f"'only_when': {refusal}", at=only_when.at if only_when else None)
        return None
    type_name, value_type = kind
    return Output(
        name=name,
        type=type_name,
        value_type=value_type,
        values=value_type.values if isinstance(value_type, EnumType) else (),
        only_when=condition,
        unit=unit,
        label=label,
        domain=domain_of(name, value_type, domain, section),
    )


def read_distinct(
    section: Section, field: str, reader: Callable[[str], str], *, optional: bool = False
) -> tuple[str, ...]:
    """Read a list in which nothing stands twice; `reader` reads one entry, or raises `NotAValue`."""
    values: dict[str, None] = {}
    for node in section.listing(field, optional=optional):
        try:
            value = reader(text_of(node))
        except NotAValue as refusal:
            section.note(f"'{field}': {refusal}", at=node.at)
            continue
        if value in values:
            section.note(f"{value!r} is listed twice", at=node.at)
        values[value] = None
    return tuple(values)


def _only_when(node: Node, earlier: Outputs) -> tuple[str, str]:
    if isinstance(node, Fields) and len(node.entries) == 1:
        [(name, wanted)] = node.entries.items()
        other = earlier.get(name)
        if other and isinstance(wanted, Text) and wanted.value in other.values:
            return name, wanted.value
    raise NotAValue("must be one value of one output declared above")
