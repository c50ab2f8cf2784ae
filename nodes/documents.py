"""Getting a case's document from whichever host runs it."""

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path

from langgraph.config import get_store

NAMESPACE = ("documents",)
SAMPLE = "sample:"


@dataclass(frozen=True)
class Document:
    """A file's bytes and the name it was handed in under."""

    name: str
    content: bytes


async def find_document(reference: str, *, samples: Path) -> Document | None:
    """Return the document of a reference, or None if the host has none.

    `sha256:…` is looked up in the LangGraph store, namespace `documents`, as `{"name", "content"}` with the
    content in base64. `sample:<file>` is one of the files in the folder `samples`, for Studio and tests.
    """
    if reference.startswith(SAMPLE):
        return await asyncio.to_thread(_find_sample, reference.removeprefix(SAMPLE), folder=samples)
    item = await get_store().aget(NAMESPACE, reference)
    if item is None:
        return None
    return Document(item.value["name"], base64.b64decode(item.value["content"]))


def _find_sample(name: str, *, folder: Path) -> Document | None:
    # Chosen from the listing, never joined into a path, so that no name leads out of the folder.
    file = next((file for file in folder.iterdir() if file.name == name), None)
    return Document(name, file.read_bytes()) if file else None
