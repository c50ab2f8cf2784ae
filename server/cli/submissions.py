"""Putting files through: each becomes a case, once, however often it is sent."""

import hashlib
import stat
import time
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from server.cli.api import Api, Refused
from server.cli.tables import one_line
from server.cli.views import what_became_of
from server.http.models import Case

_DESCRIPTION = TextColumn("{task.description}", markup=False)


@dataclass(frozen=True)
class Submission:
    """What became of one file: a case that it started now or earlier, or a problem."""

    file: Path
    case: Case | None = None
    is_new: bool = False
    problem: str | None = None

    @property
    def status(self) -> str:
        return self.case.status if self.case else "refused"

    @property
    def title(self) -> str:
        return (self.case and self.case.title) or ""

    @property
    def detail(self) -> str:
        return what_became_of(self.case) if self.case else self.problem or ""


def submit_files(
    api: Api,
    paths: list[Path],
    *,
    process: str,
    key: str | None = None,
    timeout_s: float = 0.0,
    console: Console,
) -> list[Submission]:
    """Submit the files one after the other, and show on the console how far we are.

    Raises:
        Unavailable: no server answers, so the other files would fare no better.
    """
    done: list[Submission] = []
    columns = (
        SpinnerColumn(),
        MofNCompleteColumn(),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        _DESCRIPTION,
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(paths))
        for path in paths:
            name = one_line(_name_of(path))
            progress.update(task, description=name)
            done.append(submit_file(api, path, process=process, key=key, timeout_s=timeout_s))
            progress.advance(task)
            if not console.is_terminal:
                console.out(f"[{len(done)}/{len(paths)}] {name}: {done[-1].status}", highlight=False)
    return done


def submit_file(
    api: Api, path: Path, *, process: str, key: str | None = None, timeout_s: float = 0.0
) -> Submission:
    """Start a case from the file and follow it for up to `timeout_s`.

    A file that cannot be read, or that the API refuses, is a problem and no error.
    """
    name = _name_of(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return Submission(path, problem="not a file")  # reading a pipe or a device might never end
        with path.open("rb") as file:
            sent_key = key or key_of(process, name=name, digest=_digest_of(file))
            case, is_new = api.start_case(process, file=file, name=name, key=sent_key)
        return Submission(path, follow(api, case, timeout_s=timeout_s), is_new=is_new)
    except Refused as error:
        return Submission(path, problem=error.message)
    except OSError as error:
        return Submission(path, problem=(error.strerror or str(error)).lower())


def follow(api: Api, case: Case, *, timeout_s: float) -> Case:
    """Return the case with its details once it rests: it ended, or waits for something from outside.

    After `timeout_s` it is returned as it is; with a time of 0 the server is not asked at all.
    """
    deadline = time.monotonic() + timeout_s
    while (left_s := deadline - time.monotonic()) > 0:
        case = api.get_case(case.id, wait_s=left_s)
        if case.status != "running":
            break
    return case


def key_of(process: str, *, name: str, digest: str) -> str:
    """Derive the Idempotency-Key of a file: the same content under the same name is the same request."""
    parts = "\0".join((process, name, digest))
    return f"file-{hashlib.sha256(parts.encode()).hexdigest()}"


def _name_of(path: Path) -> str:
    """Return the name to send; what is no UTF-8 in it, as a file system allows, becomes question marks."""
    return path.name.encode(errors="replace").decode()


def _digest_of(file: BufferedReader) -> str:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest
