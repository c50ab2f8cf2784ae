"""One office for a module of tests, empty and without knowledge of anything but its suppliers for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from office_books import OfficeBooks
from running_offices import office_file, running_office

import tools
from tools.registry import VARIABLE, our_servers


@pytest.fixture(scope="module")
def office_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running office, with a file of servers that leads there."""
    folder = tmp_path_factory.mktemp("office")
    with running_office(folder) as url:
        office_file(folder, url)
        yield folder


@pytest.fixture
async def office(office_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OfficeBooks]:
    """The books of the office, which `server("office")` leads to."""
    monkeypatch.setenv(VARIABLE, str(office_folder / "servers.toml"))
    our_servers.cache_clear()
    books = OfficeBooks(office_folder)
    books.learn()
    books.forget()
    yield books
    await tools.close()
    our_servers.cache_clear()
