"""A ledger in memory, for tests of the door without a host."""

from pathlib import Path

from tools.errors import EffectConflict
from tools.ports import Entry


class Memory:
    """A ledger that keeps its entries in memory, and what it was told in order."""

    def __init__(self):
        self.entries = {}
        self.told = []

    async def begin(self, call, verdict):
        self.told.append("begin")
        digest, receipt = self.entries.get(call.key, (None, None))
        if digest not in (None, call.digest):
            raise EffectConflict(call.key)
        self.entries[call.key] = (call.digest, receipt)
        if digest is None:
            return Entry("new")
        return Entry("unfinished") if receipt is None else Entry("done", receipt)

    async def repeat(self, key):
        self.told.append("repeat")

    async def finish(self, key, receipt, *, by="answer"):
        self.told.append("finish" if by == "answer" else f"finish by {by}")
        self.entries[key] = (self.entries[key][0], receipt)

    async def fail(self, key, error):
        self.told.append(f"fail {error.code}")
        del self.entries[key]


def notes(folder: Path):
    """Return what the unreliable server noted, call by call."""
    return (folder / "notes").read_text().split() if (folder / "notes").exists() else []
