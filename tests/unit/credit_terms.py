"""A DMN file as dmn-js writes it, and what becomes of it and of changed ones."""

from datetime import date
from pathlib import Path

import pytest

from rules import Table, TableError
from rules.interchange.dmn import import_dmn
from rules.interchange.drafts import Heading

FILE = Path(__file__).parent / "dmn" / "credit.dmn"
CREDIT = FILE.read_text("utf-8")
HEADING = Heading(owner="Sales", version="7", effective_from=date(2026, 1, 1))
FACTS = {"turnover": "20000", "customer_since": "2019-05-01", "rating": 2, "insured": True}


def tables_of(text: str) -> dict[str, Table]:
    imported = import_dmn(text.encode(), "credit.dmn", heading=HEADING)
    return {table.id: table.table for table in imported.tables if table.table}


def changed(old: str, new: str) -> str:
    assert CREDIT.count(old) == 1
    return CREDIT.replace(old, new)


def findings_of(text: str | bytes) -> list[str]:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(TableError) as refused:
        import_dmn(content, "credit.dmn", heading=HEADING)
    return [str(finding) for finding in refused.value.findings]
