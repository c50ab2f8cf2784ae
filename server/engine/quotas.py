"""Quotas: how much tools may do across all cases, and the refusal of a call for which too little is left."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from server.engine.call_values import AMOUNT, amount_at, text_at
from server.engine.policy_tables import PolicyTable, watched_tables
from server.errors import StartRefused
from server.storage.database import Connection
from server.storage.quotas import Full, Share, Use, Window, find_beyond, reserve_quotas
from tools.contracts import OfCall
from tools.errors import NotAllowed, QuotaExceeded
from tools.ports import Call, Obligation, Verdict
from tools.registry import our_servers

FILE = "quotas.toml"

Amount = Annotated[str, Field(pattern=f"^{AMOUNT}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Quota(PolicyTable):
    """One table of quotas.toml; the comment at the top of the file says what is what."""

    tools: list[str] = Field(min_length=1)
    amount: OfCall | None = None
    currency: OfCall | Currency | None = None
    per: list[OfCall] = Field(default=[])
    window: Window
    zone: str = "UTC"
    limit: Annotated[int, Field(ge=0)] | Amount | dict[Currency, Amount]
    beyond: Annotated[str, Field(pattern=r"^(deny|review:\S+)$")] = "deny"

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
        why = f"by quota {self.name}"
        subject = {path.removeprefix("arguments."): text_at(call, path, why=why) for path in self.per}
        if self.currency is not None:
            stated = self._in_many_currencies
            subject["currency"] = text_at(call, self.currency, why=why) if stated else self.currency
        limit = self.limit_of(subject)
        if limit is None:
            raise NotAllowed(
                f"{call.server}.{call.tool} is not allowed: quota {self.name} has no limit in"
                f" {subject['currency']}"
            )
        return Share(
            quota=self.name,
            subject=subject,
            amount=amount_at(call, self.amount, why=why) if self.amount else Decimal(1),
            limit=limit,
            window=self.window,
            zone=self.zone,
            reviewer=self.beyond.removeprefix("review:") if self.beyond != "deny" else None,
        )

    def limit_of(self, subject: Mapping[str, str]) -> Decimal | None:
        """Return the limit of calls with this subject; None for a currency that has none."""
        if not isinstance(self.limit, dict):
            return Decimal(self.limit)
        limit = self.limit.get(subject.get("currency", ""))
        return Decimal(limit) if limit is not None else None


class Quotas:
    """The quotas in force, as the files say now; `policies` is the operator's own folder.

    Raises:
        StartRefused: naming file, table and field.
    """

    def __init__(self, policies: Path | None = None) -> None:
        self._tables = watched_tables(Quota, FILE, policies=policies, check=check_tools)

    def shares(self, call: Call) -> list[Share]:
        """Return what a call takes of each quota that counts it.

        Raises:
            NotAllowed: the call does not say what a quota counts, or nobody can say what is allowed.
        """
        try:
            quotas = self._tables.current()
        except StartRefused as error:
            raise NotAllowed(f"nothing is allowed before the quotas can be read: {error}") from error
        tool = f"{call.server}.{call.tool}"
        return [quota.share(call) for quota in quotas if tool in quota.tools]

    async def asked(self, connection: Connection, call: Call, verdict: Verdict) -> Verdict:
        """Let a permit owe a review for each quota that the call would pass now, where a person may allow it.

        Raises:
            NotAllowed: as for `shares`.
        """
        reviewed = [share for share in self.shares(call) if share.reviewer]
        for share in await find_beyond(connection, call.key or "", reviewed):
            owed = Obligation("review", share.reviewer or "")
            reason = f"{verdict.reason}; it would pass quota {share.quota}, of {share.limit:f}"
            verdict = replace(verdict, obligations=(*verdict.obligations, owed), reason=reason)
        return verdict

    async def reserve(self, connection: Connection, call: Call, verdict: Verdict, *, key: str) -> None:
        """Reserve what the call takes, as the last thing in the transaction that commits its intent.

        What a permit owes is done, so that a review which it owes has let the call go beyond.

        Raises:
            NotAllowed: as for `shares`.
            QuotaExceeded: too little is left; the transaction must not be committed.
        """
        roles = {owed.detail for owed in verdict.obligations if owed.kind == "review"}
        shares = [replace(share, approved=share.reviewer in roles) for share in self.shares(call)]
        if shares and (full := await reserve_quotas(connection, key, shares)):
            share = next(share for share in shares if share.quota == full.quota)
            raise QuotaExceeded(_refusal(call, share, full), reviewable=share.reviewer is not None)

    def limit_of(self, use: Use) -> Decimal | None:
        """Return what the files limit this use to now; None if they say nothing of it, or cannot be read."""
        try:
            quotas = self._tables.current()
        except StartRefused:
            return None
        of_use = (one for one in quotas if (one.name, one.window) == (use.quota, use.window))
        return next((one.limit_of(use.subject) for one in of_use), None)


def check_tools(quota: Quota) -> None:
    """Refuse a quota of an operator's that names a tool which is not there: a slip would count nothing.

    Raises:
        ValueError: naming it.
    """
    for name in quota.tools:
        server, _, tool = name.partition(".")
        entry = our_servers().get(server)
        if entry is None or tool not in entry.tools or entry.tools[tool].contract == "read":
            raise ValueError(f"field tools: {name!r} is no consequential tool of servers.toml")


def _refusal(call: Call, share: Share, full: Full) -> str:
    whose = ", ".join(f"{name} {value}" for name, value in share.subject.items())
    until = f", until {full.ends_at.isoformat(sep=' ')}" if full.ends_at else ""
    return (
        f"{call.server}.{call.tool} would take {share.amount:f} of quota {share.quota}"
        f"{f' ({whose})' if whose else ''}: {full.used:f} of {share.limit:f} are used{until}"
    )
