"""Reading what a table declares: its inputs with their types, and its outputs."""

from collections.abc import Mapping

from rules.document import Fields, Findings, Node, Text
from rules.errors import NotAValue
from rules.section import Section, text_of
from rules.table import Input, Output
from rules.values import (
    NAME,
    RESERVED,
    BooleanType,
    CodeType,
    DateType,
    DecimalType,
    EnumType,
    IntegerType,
    MoneyType,
    ValueType,
    currency_code,
    shown,
)

# None stands for a declaration that is wrong, so that what the rules say of it is not judged.
Inputs = Mapping[str, Input | None]
Outputs = Mapping[str, Output | None]

_PLAIN_TYPES: Mapping[str, ValueType] = {
    "decimal": DecimalType(),
    "integer": IntegerType(),
    "date": DateType(),
    "boolean": BooleanType(),
    "code": CodeType(),
}
_INPUT_TYPES = (*_PLAIN_TYPES, "money", "enum")
_OUTPUT_TYPES = ("enum", "role", "text")


def read_inputs(section: Section, findings: Findings) -> Inputs:
    """Read the declarations of the inputs, by name."""
    return {
        _checked(name, section): _input(name, Section(node, findings, what=f"input {shown(name)}"))
        for name, node in section.entries().items()
    }


def read_outputs(section: Section, findings: Findings) -> Outputs:
    """Read the declarations of the outputs, by name."""
    outputs: dict[str, Output | None] = {}
    for name, node in section.entries().items():
        own = Section(node, findings, what=f"output {shown(name)}")
        outputs[_checked(name, section)] = _output(name, own, outputs)
    return outputs


def name_of(text: str) -> str:
    """Read the name of a table, a rule or a value. Raises `NotAValue`."""
    if not NAME.fullmatch(text) or text == RESERVED:
        raise NotAValue(f"{shown(text)} is not a name of letters, digits, '_', '-' and '.'")
    return text


def _checked(name: str, section: Section) -> str:
    try:
        return name_of(name)
    except NotAValue as refusal:
        section.note(str(refusal), at=section.place(name))
        return name


def _input(name: str, section: Section) -> Input | None:
    kind = _type(section)
    optional = section.word("optional", ("false", "true"), optional=True) == "true"
    unit = section.text("unit", optional=True)
    label = section.text("label", optional=True)
    if kind is None:
        return None
    section.close()
    return Input(name=name, type=kind, optional=optional, unit=unit, label=label)


def _type(section: Section) -> ValueType | None:
    name = section.word("type", _INPUT_TYPES)
    if name == "money":
        currency = section.read("currency", currency_code, stand_in="")
        return MoneyType(currency) if currency else None
    if name == "enum":
        values = _values(section)
        return EnumType(values) if values else None
    return _PLAIN_TYPES.get(name)


def _output(name: str, section: Section, earlier: Outputs) -> Output | None:
    kind = section.word("type", _OUTPUT_TYPES)
    values = _values(section) if kind in ("enum", "role") else ()
    label = section.text("label", optional=True)
    only_when = section.take("only_when", optional=True)
    if not kind:
        return None
    section.close()
    try:
        condition = _only_when(only_when, earlier) if only_when else None
    except NotAValue as refusal:
        section.note(f"'only_when': {refusal}", at=only_when.at if only_when else None)
        return None
    return Output(name=name, type=kind, values=values, only_when=condition, label=label)


def _values(section: Section) -> tuple[str, ...]:
    values: dict[str, None] = {}
    for node in section.listing("values"):
        try:
            value = name_of(text_of(node))
        except NotAValue as refusal:
            section.note(f"'values': {refusal}", at=node.at)
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
