"""Quotas at the act: what a call takes of them, and the refusal where too little is left."""

from decimal import Decimal
from pathlib import Path

from server.engine.quota_file import SHIPPED, Quota, load_quotas
from server.engine.watched_files import WatchedFiles
from server.errors import StartRefused
from server.storage.database import Connection
from server.storage.quotas import Full, Share, Use, reserve_quotas
from tools.errors import NotAllowed, QuotaExceeded
from tools.ports import Call

FILE = "quotas.toml"


class Quotas:
    """The quotas in force, as the files say now; `policies` is the operator's own folder.

    Raises:
        StartRefused: naming file, table and field.
    """

    def __init__(self, policies: Path | None = None) -> None:
        own = policies / FILE if policies else None
        files = [SHIPPED, own] if own else [SHIPPED]
        self._files = WatchedFiles(files, lambda: load_quotas(own))

    def declared(self) -> dict[str, Quota]:
        """Return the quotas by name.

        Raises:
            StartRefused: a file was changed to something that cannot be used.
        """
        return self._files.current()

    def shares(self, call: Call) -> list[Share]:
        """Return what a call takes of each quota that counts it.

        Raises:
            NotAllowed: the call does not say what a quota counts, or nobody can say what is allowed.
        """
        try:
            quotas = self.declared()
        except StartRefused as error:
            raise NotAllowed(f"nothing is allowed before the quotas can be read: {error}") from error
        tool = f"{call.server}.{call.tool}"
        return [quota.share(call) for quota in quotas.values() if tool in quota.tools]

    def limit_of(self, use: Use) -> Decimal | None:
        """Return what the files limit this use to now; None if they say nothing of it, or cannot be read."""
        try:
            quota = self.declared().get(use.quota)
        except StartRefused:
            return None
        return quota.limit_of(use.subject) if quota and quota.window == use.window else None


async def reserve(connection: Connection, call: Call, *, key: str, shares: list[Share]) -> None:
    """Reserve what the call takes, in the transaction that commits its intent.

    Raises:
        QuotaExceeded: too little is left; the transaction must not be committed.
    """
    if shares and (full := await reserve_quotas(connection, key, shares)):
        share = next(share for share in shares if share.quota == full.quota)
        raise QuotaExceeded(_refusal(call, share, full))


def _refusal(call: Call, share: Share, full: Full) -> str:
    whose = ", ".join(f"{name} {value}" for name, value in share.subject.items())
    until = f", until {full.ends_at.isoformat(sep=' ')}" if full.ends_at else ""
    return (
        f"{call.server}.{call.tool} would take {share.amount:f} of quota {share.quota}"
        f"{f' ({whose})' if whose else ''}: {full.used:f} of {share.limit:f} are used{until}"
    )
