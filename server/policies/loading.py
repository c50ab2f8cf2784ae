"""The policies in force: read at the start, and again when a file of theirs has changed."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from server.engine.watched_files import WatchedFiles
from server.errors import PoliciesInvalid
from server.policies.actions import ToolAction, actions_of
from server.policies.checking import flaws_of
from server.policies.reading import SHIPPED, find_files, read_policies
from server.policies.rulings import PolicySet
from tools.approval.approvals import approvals_of
from tools.registry import ServerEntry, our_servers


class Policies:
    """The policies of the shipped folder and of an operator's own, as their files say now.

    They speak of the tools of servers.toml, as they are approved, unless other servers are given.

    Raises:
        PoliciesInvalid: they cannot be used.
    """

    def __init__(
        self,
        own: Path | None = None,
        *,
        shipped: Path = SHIPPED,
        servers: Mapping[str, ServerEntry] | None = None,
    ) -> None:
        self._own = own
        self._shipped = shipped
        self._servers = list((servers or our_servers()).values())
        self._files = WatchedFiles(self._find, self._read)

    def current(self) -> PolicySet:
        """Return what is in force.

        Raises:
            StartRefused: they were changed and cannot be used, so that nothing is permitted.
        """
        return self._files.current()

    def _find(self) -> list[Path]:
        locks = {server.lock_file for server in self._servers if server.lock_file}
        return [*find_files(self._own, shipped=self._shipped), *sorted(locks)]

    def _read(self) -> PolicySet:
        return load_policies(find_files(self._own, shipped=self._shipped), registered_actions(self._servers))


def load_policies(files: Iterable[Path], actions: Mapping[str, ToolAction]) -> PolicySet:
    """Read the policies of these files and check them against the tools.

    Raises:
        PoliciesInvalid: naming all that is wrong, by file and line.
    """
    policies = PolicySet(read_policies(files), actions)
    if flaws := flaws_of(policies):
        raise PoliciesInvalid(*flaws)
    return policies


def registered_actions(servers: Collection[ServerEntry]) -> dict[str, ToolAction]:
    """Return the tools of these servers, with what was approved of each."""
    return actions_of(servers, {server.name: approvals_of(server) for server in servers})
