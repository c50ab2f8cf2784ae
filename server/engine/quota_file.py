"""quotas.toml: how much tools may do across all cases, and what of a call counts."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from server.errors import StartRefused
from server.storage.quotas import Share, Window
from tools.contracts import OfCall, pick
from tools.errors import NotAllowed
from tools.ports import Call
from tools.registry import our_servers

SHIPPED = Path(__file__).resolve().parents[2] / "rules" / "policies" / "quotas.toml"
_AMOUNT = r"[0-9]{1,15}(\.[0-9]{1,6})?"
_LONGEST_VALUE = 200  # PostgreSQL keeps what a quota is counted for in an index

Amount = Annotated[str, Field(pattern=f"^{_AMOUNT}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Quota(BaseModel):
    """One table of quotas.toml; the comment at the top of the file says what is what."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    tools: list[str] = Field(min_length=1)
    amount: OfCall | None = None
    currency: OfCall | Currency | None = None
    per: list[OfCall] = []
    window: Window
    zone: str = "UTC"
    limit: Annotated[int, Field(ge=0)] | Amount | dict[Currency, Amount]
    beyond: Literal["deny"] = "deny"

    @field_validator("zone")
    @classmethod
    def _exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(f"{zone!r} is no time zone") from error
        return zone

    @model_validator(mode="after")
    def _limits_what_it_counts(self) -> Self:
        if self.amount is None and not (isinstance(self.limit, int) and self.currency is None):
            raise ValueError(
                "a quota without an amount counts calls: its limit is a number, without currency"
            )
        if self.amount is not None and isinstance(self.limit, dict) != self._in_many_currencies:
            raise ValueError(
                "limit is a table by currency where the call says the currency, and nowhere else"
            )
        return self

    @property
    def _in_many_currencies(self) -> bool:
        return self.currency is not None and self.currency.startswith("arguments.")

    def share(self, call: Call) -> Share:
        """Return what the call takes of this quota.

        Raises:
            NotAllowed: it does not say so.
        """
        subject = {path.removeprefix("arguments."): self._text(call, path) for path in self.per}
        if self.currency is not None:
            subject["currency"] = (
                self._text(call, self.currency) if self._in_many_currencies else self.currency
            )
        limit = self.limit_of(subject)
        if limit is None:
            raise self._uncountable(call, f"it has no limit in {subject['currency']}")
        return Share(
            quota=self.name,
            subject=subject,
            amount=self._amount(call),
            limit=limit,
            window=self.window,
            zone=self.zone,
        )

    def limit_of(self, subject: Mapping[str, str]) -> Decimal | None:
        """Return the limit of calls with this subject; None for a currency that has none."""
        if not isinstance(self.limit, dict):
            return Decimal(self.limit)
        limit = self.limit.get(subject.get("currency", ""))
        return Decimal(limit) if limit is not None else None

    def _amount(self, call: Call) -> Decimal:
        if self.amount is None:
            return Decimal(1)
        value = self._pick(call, self.amount)
        # A number of JSON has no sign or exponent here either: what the tool makes of one, nobody knows.
        text = value if isinstance(value, str) else str(value) if _is_number(value) else ""
        if not re.fullmatch(_AMOUNT, text, flags=re.ASCII) or not Decimal(text):
            raise self._uncountable(call, f"{self.amount} is no amount above 0")
        return Decimal(text)

    def _text(self, call: Call, path: str) -> str:
        value = self._pick(call, path)
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_VALUE or not text.isprintable():
            raise self._uncountable(call, f"{path} is no text of up to {_LONGEST_VALUE} characters")
        return text

    def _pick(self, call: Call, path: str) -> JsonValue:
        try:
            return pick({"arguments": call.arguments}, path)
        except LookupError as error:
            raise self._uncountable(call, f"it has no {error}") from error

    def _uncountable(self, call: Call, why: str) -> NotAllowed:
        return NotAllowed(f"{call.server}.{call.tool} cannot be counted by quota {self.name}: {why}")


def load_quotas(own: Path | None = None) -> dict[str, Quota]:
    """Read the quotas that ship, and over them those of the operator's own file, by name.

    Raises:
        StartRefused: naming file, table and field: a file is no TOML, a field is missing, unknown or wrong,
            or a tool of the operator's is none that changes anything.
    """
    quotas = _read(SHIPPED)
    if own is not None and own.exists():
        theirs = _read(own)
        for quota in theirs.values():
            _check_tools(quota, file=own)
        quotas |= theirs
    return quotas


def _read(file: Path) -> dict[str, Quota]:
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StartRefused(f"{file}: {error}") from error
    return {name: _quota(name, table, file=file) for name, table in content.items()}


def _quota(name: str, table: object, *, file: Path) -> Quota:
    if not isinstance(table, dict):
        raise StartRefused(f"{file}: {name} is no table but a single value")
    try:
        return Quota.model_validate({**table, "name": name})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ", field ".join([f"{file}: [{name}]", *map(str, first["loc"][:1])])
        raise StartRefused(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error


def _check_tools(quota: Quota, *, file: Path) -> None:
    for name in quota.tools:
        server, _, tool = name.partition(".")
        entry = our_servers().get(server)
        if entry is None or tool not in entry.tools or entry.tools[tool].contract == "read":
            raise StartRefused(
                f"{file}: [{quota.name}], field tools: {name!r} is no consequential tool of servers.toml"
            )


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
