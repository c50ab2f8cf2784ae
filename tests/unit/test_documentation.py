"""What the documentation says, held against the code."""

import re
from pathlib import Path

from server import errors
from server.app import create_app
from server.engine.transitions import LEGAL
from server.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text("utf-8")
    names = [
        field.validation_alias or f"STEWARD_{name.upper()}" for name, field in Settings.model_fields.items()
    ]

    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_problem_that_http_can_answer_is_documented() -> None:
    text = (DOCS / "problems.md").read_text("utf-8")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.code for kind in kinds if issubclass(kind, errors.ServerError) and kind.status != 500}

    assert [code for code in sorted(codes) if f"/problems/{code}`" not in text] == []


def test_every_limit_that_stops_a_case_is_documented() -> None:
    text = (DOCS / "problems.md").read_text("utf-8")
    codes = {kind.code for kind in errors.LimitReached.__subclasses__()} | {errors.StateNotStorable.code}

    assert [code for code in sorted(codes) if f"| `{code}` |" not in text] == []


def test_every_route_that_the_documentation_names_exists() -> None:
    paths = set(create_app(Settings(), database_url="postgresql://unused").openapi()["paths"])
    text = "".join(file.read_text("utf-8") for file in [*DOCS.glob("*.md"), ROOT / "README.md"])
    named = re.findall(r"`(?:GET|POST|PATCH|DELETE) (/[^\s`]*)`", text)

    assert named
    assert [path for path in named if path not in paths] == []


def test_the_table_of_interventions_is_the_one_of_the_code() -> None:
    text = (DOCS / "operations.md").read_text("utf-8")
    table = text.partition("## Interventions")[2].partition("## The stop switch")[0]
    written = re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", table, flags=re.MULTILINE)

    assert {action: set(statuses.split(", ")) for action, statuses in written} == LEGAL


def test_every_place_of_the_code_map_exists() -> None:
    text = (
        (DOCS / "architecture.md")
        .read_text("utf-8")
        .partition("## Code map")[2]
        .partition("## Invariants")[0]
    )
    places = re.findall(r"^\| `([^`]+)`", text, flags=re.MULTILINE)

    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    for file in [*DOCS.glob("**/*.md"), ROOT / "README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text("utf-8")):
            assert (file.parent / target).exists(), f"{file.name}: {target}"
