"""Policies as their files say them: one statement after the other, with file and line."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cedarpy

from server.errors import PoliciesInvalid
from tools.ports import Obligation

SHIPPED = Path(__file__).resolve().parents[2] / "rules" / "policies"
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|;')
_BLANK = re.compile(r"(?:\s|//[^\n]*(?:\n|$))*")
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
_OBLIGATION = re.compile(r"(?P<kind>review|mask):(?P<detail>[^\s,:]+)|(?P<log>log)")
_ANNOTATIONS = {"id", "reason", "obligation", "mode"}


@dataclass(frozen=True)
class Policy:
    """One policy. `tried` means that it does not decide yet: what it would say is only recorded."""

    id: str
    effect: Literal["permit", "forbid"]
    reason: str
    obligations: tuple[Obligation, ...]
    tried: bool
    text: str
    file: str
    line: int
    parsed: dict[str, Any]

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def scope(self) -> dict[str, Any]:
        """The policy without its conditions: for whom, which tools and where."""
        return {**self.parsed, "conditions": []}


def find_files(own: Path | None, *, shipped: Path = SHIPPED) -> list[Path]:
    """Return the files in force: the operator's, and those of ours that none of the same name replaces.

    Raises:
        PoliciesInvalid: there is no such folder.
    """
    if own is not None and not own.is_dir():
        raise PoliciesInvalid(f"STEWARD_POLICIES: there is no folder {own}")
    folders = [shipped, *([own] if own else [])]
    files = {file.name: file for folder in folders for file in folder.glob("*.cedar")}
    return [files[name] for name in sorted(files)]


def read_policies(files: Iterable[Path]) -> list[Policy]:
    """Read the policies of these files.

    Raises:
        PoliciesInvalid: naming all that is wrong, by file and line.
    """
    policies: dict[str, Policy] = {}
    flaws = []
    for file in files:
        for line, text in _statements(file.read_text(encoding="utf-8")):
            try:
                policy = _policy(text, file=file.name, line=line)
                if known := policies.get(policy.id):
                    raise ValueError(f"{known.place} has the id {policy.id!r} too")
                policies[policy.id] = policy
            except ValueError as error:
                flaws.append(f"{file.name}:{line}: {error}")
    if flaws:
        raise PoliciesInvalid(*flaws)
    return list(policies.values())


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Cut a file where a statement ends; what follows the last end counts if it says anything."""
    start = 0
    for token in _TOKEN.finditer(text):
        if token[0] == ";":
            yield _statement(text, start, token.end())
            start = token.end()
    line, rest = _statement(text, start, len(text))
    if rest:
        yield line, rest


def _statement(text: str, start: int, end: int) -> tuple[int, str]:
    blank = _BLANK.match(text, start, end)
    begin = blank.end() if blank else start
    return text.count("\n", 0, begin) + 1, text[begin:end].rstrip()


def _policy(text: str, *, file: str, line: int) -> Policy:
    parsed = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].get("policy0")
    if parsed is None:
        raise ValueError("a policy with ?principal or ?resource is a template, which decides nothing")
    annotations: dict[str, str] = parsed.get("annotations", {})
    if unknown := sorted(annotations.keys() - _ANNOTATIONS):
        raise ValueError(f"there is no annotation @{unknown[0]}")
    effect = parsed["effect"]
    return Policy(
        id=_id_of(annotations),
        effect=effect,
        reason=_reason_of(annotations),
        obligations=_obligations_of(annotations, effect=effect),
        tried=_is_tried(annotations),
        text=text,
        file=file,
        line=line,
        parsed=parsed,
    )


def _id_of(annotations: dict[str, str]) -> str:
    id_ = annotations.get("id", "")
    if not _ID.fullmatch(id_):
        raise ValueError('a policy needs an @id("...") of letters, digits and . _ -')
    return id_


def _reason_of(annotations: dict[str, str]) -> str:
    if not (reason := annotations.get("reason", "").strip()):
        raise ValueError('a policy needs a @reason("..."), which is shown to people')
    return reason


def _is_tried(annotations: dict[str, str]) -> bool:
    if (mode := annotations.get("mode")) not in (None, "log"):
        raise ValueError(f'@mode is "log" or absent, not {mode!r}')
    return mode is not None


def _obligations_of(annotations: dict[str, str], *, effect: str) -> tuple[Obligation, ...]:
    if (text := annotations.get("obligation")) is None:
        return ()
    if effect == "forbid":
        raise ValueError("what is forbidden obliges to nothing: @obligation is for a permit")
    return tuple(_obligation(part.strip()) for part in text.split(","))


def _obligation(text: str) -> Obligation:
    match _OBLIGATION.fullmatch(text):
        case None:
            raise ValueError(f'@obligation is "review:<role>", "mask:<field>" or "log", not {text!r}')
        case found if found["kind"] == "review":
            return Obligation("review", found["detail"])
        case found if found["kind"] == "mask":
            return Obligation("mask", found["detail"])
    return Obligation("log")
