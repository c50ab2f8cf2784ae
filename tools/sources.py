"""Where an argument's value comes from: a reading tool of the same case that answered exactly this value.

Neither the state nor a process can say so: the state is plain text that anybody may have written. The door
itself therefore notes what the witnesses of servers.toml answer, and compares at the act.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from pydantic import JsonValue

from tools.contracts import ToolEntry, Witness, pick
from tools.effects import digest
from tools.errors import NotAllowed
from tools.ports import Call, Sighting, current_witnesses
from tools.registry import ServerEntry

UNKNOWN = "unknown"
"""The source of a value that no witness has answered: a document's word, a model's, a process's own."""


def watched_answers(servers: Iterable[ServerEntry]) -> dict[str, list[Witness]]:
    """Return who is a witness, by `server.tool`, over all tools that name one."""
    watched: dict[str, list[Witness]] = {}
    tools = chain.from_iterable(server.tools.values() for server in servers)
    for witness in chain.from_iterable(chain.from_iterable(tool.witnesses.values()) for tool in tools):
        watched.setdefault(witness.tool, []).append(witness)
    return watched


async def note_answer(witnesses: Iterable[Witness], answer: Mapping[str, JsonValue]) -> None:
    """Keep what a reading tool answered at the places that it is a witness of."""
    seen = {
        (sighting.witness, sighting.object): sighting
        for witness in witnesses
        for sighting in _answered(witness, dict(answer))
    }
    if seen:
        await current_witnesses().note(list(seen.values()))


async def with_sources(call: Call, tool: ToolEntry) -> Call:
    """Return the call with the source of each argument that needs a witness.

    What a call takes back comes from the ledger, which needs none.

    Raises:
        NotAllowed: no witness has answered the value of an argument that needs one.
    """
    wanted = {path: list(_wanted(call, path, any_of)) for path, any_of in _needed(call, tool)}
    if not wanted or call.undoes:
        return call
    found = await current_witnesses().find(call, wanted)
    call = replace(call, sources={path: found.get(path, UNKNOWN) for path in wanted})
    for path, source in call.sources.items():
        if source == UNKNOWN:
            raise NotAllowed(f"{call.server}.{call.tool} is not allowed: {_lacks(path, tool)}")
    return call


def _needed(call: Call, tool: ToolEntry) -> Iterator[tuple[str, list[Witness]]]:
    """The arguments of the call that need a witness; one that is not given needs none."""
    for path, any_of in tool.witnesses.items():
        if path.partition(".")[0] in call.arguments:
            yield path, any_of


def _wanted(call: Call, path: str, any_of: Iterable[Witness]) -> Iterator[Sighting]:
    """What would prove the argument; nothing does if it or what it is bound to is not where it should be."""
    for witness in any_of:
        try:
            value = pick(call.arguments, path)
            of = {place: pick(call.arguments, argument) for argument, place in witness.same.items()}
        except LookupError:
            continue
        yield _sighting(witness, value, of=of)


def _answered(witness: Witness, answer: dict[str, JsonValue]) -> Iterator[Sighting]:
    """What an answer says at the witness's place; one without it says nothing."""
    try:
        value = pick(answer, witness.place)
        of = {place: pick(answer, place) for place in witness.same.values()}
    except LookupError:
        return
    yield _sighting(witness, value, of=of)


def _sighting(witness: Witness, value: JsonValue, *, of: dict[str, JsonValue]) -> Sighting:
    return Sighting(witness.name, digest(of), digest({"value": value}), witness.within_s)


def _lacks(path: str, tool: ToolEntry) -> str:
    expected = " or ".join(str(witness) for witness in tool.witnesses[path])
    return f"no witness of this case has answered its {path}; it must be the latest answer of {expected}"
