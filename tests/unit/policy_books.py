"""Policies for tests: over one bank, whose payment tool was approved with a schema."""

from pathlib import Path
from typing import Any

from server.policies.actions import actions_of
from server.policies.checking import flaws_of
from server.policies.reading import read_policies
from server.policies.rulings import PolicySet
from tools.approval.descriptions import Description
from tools.effects import digest
from tools.ports import Call, Caller
from tools.registry import ServerEntry

AMOUNT = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,2})?$"}
PAY = {
    "type": "object",
    "properties": {
        "supplier": {"type": "string"},
        "amount": AMOUNT,
        "currency": {"type": "string"},
        "iban": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    },
    "required": ["supplier", "amount", "currency"],
}
GET = {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]}
FOUND = {
    "type": "object",
    "properties": {
        "supplier": {"anyOf": [{"$ref": "#/$defs/Supplier"}, {"type": "null"}]},
        "orders": {"type": "array", "items": {"$ref": "#/$defs/Supplier"}},
    },
    "$defs": {"Supplier": {"type": "object", "properties": {"iban": {"type": "string"}}}},
}
BANK = ServerEntry.model_validate(
    {
        "name": "bank",
        "command": ["python"],
        "sandbox": True,
        "timeout_s": 1,
        "tools": {
            "get": "read",
            "undo": "keyed",
            "pay": {
                "contract": "keyed",
                "compensated_by": {"tool": "undo", "arguments": {"payment": "receipt.payment.id"}},
            },
        },
    }
)
APPROVED = {
    "bank": {
        "pay": Description(name="pay", input_schema=PAY),
        "get": Description(name="get", input_schema=GET, output_schema=FOUND),
    }
}


def policy_set(folder: Path, text: str) -> PolicySet:
    """Read a text as the only policies there are."""
    file = folder / "bank.cedar"
    file.write_text(text)
    return PolicySet(read_policies([file]), actions_of([BANK], APPROVED))


def flaws(folder: Path, text: str) -> list[str]:
    return flaws_of(policy_set(folder, text))


def payment(*, agent: str = "process/payables", process: str | None = "payables", **changed: Any) -> Call:
    """A payment of 100 EUR to S-1 for anna, but for what is changed."""
    given = {"supplier": "S-1", "amount": "100.00", "currency": "EUR", **changed}
    return call("pay", agent=agent, process=process, **{k: v for k, v in given.items() if v is not ...})


def call(
    tool: str,
    *,
    person: str | None = "anna",
    agent: str = "process/payables",
    process: str | None = "payables",
    sources: dict[str, str] | None = None,
    **arguments: Any,
) -> Call:
    contract = BANK.tools[tool].contract
    return Call(
        server="bank",
        tool=tool,
        arguments=arguments,
        digest=digest(arguments),
        contract=contract,
        key=None if contract == "read" else "k",
        sandbox=True,
        case="c",
        step="s",
        caller=Caller(person, agent, process),
        sources=sources or {},
    )
