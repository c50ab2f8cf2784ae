"""The files of limits: which value counts, and what stops the start."""

from pathlib import Path

import pytest

from server.engine.limits import SHIPPED, Limits, load_limits
from server.engine.registry import load_registry
from server.errors import StartRefused


def own_file(folder: Path, text: str) -> Path:
    file = folder / "own.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_process_without_a_table_has_the_shipped_default() -> None:
    limits = load_limits(processes=["small"])

    assert limits.of("small") == Limits()


def test_every_field_is_explained_where_it_is_set() -> None:
    comment = SHIPPED.read_text("utf-8").partition("\n[default]\n")[0]

    assert [field for field in Limits.model_fields if f"# {field} " not in comment] == []


def test_the_table_of_a_process_goes_before_the_default(tmp_path: Path) -> None:
    own = own_file(tmp_path, "[default]\nstep_s = 9\nfan_out = 7\n[small]\nstep_s = 2.5\n")

    limits = load_limits(own, processes=["small", "large"])

    assert (limits.of("small").step_s, limits.of("small").fan_out) == (2.5, 7)
    assert (limits.of("large").step_s, limits.of("large").supersteps) == (9, 100)


def test_a_tenant_without_a_table_has_the_limits_of_the_default_tenant(tmp_path: Path) -> None:
    own = own_file(tmp_path, "[tenant.default]\nqueue = 5\n[tenant.acme]\nconcurrency = 2\n")

    limits = load_limits(own, processes=["small"])

    assert limits.of_tenant("unnamed").queue == 5
    assert limits.of_tenant("acme").concurrency == 2


REFUSED = {
    "no_toml": ("[default", "own.toml: "),
    "no_process": ("[smal]\nstep_s = 1\n", r"\[smal\] is no process"),
    "no_table": ("small = 5\n", r"\[small\]: "),
    "no_tenants": ("tenant = 5\n", "tenant is no table"),
    "unknown_field": ("[small]\nsteps_s = 1\n", r"\[small\], field steps_s: "),
    "no_number": ('[default]\nfan_out = "many"\n', r"\[default\], field fan_out: "),
    "truth_for_a_number": ("[default]\nfan_out = true\n", r"\[default\], field fan_out: "),
    "nothing_allowed": ("[default]\nconcurrency = 0\n", r"\[default\], field concurrency: "),
    "field_of_a_process": ("[tenant.acme]\nstep_s = 1\n", r"\[tenant.acme\], field step_s: "),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StartRefused, match=message):
        load_limits(own_file(tmp_path, text), processes=["small"])


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match=r"absent\.toml"):
        load_limits(tmp_path / "absent.toml", processes=["small"])


@pytest.mark.parametrize("name", ["default", "tenant"])
def test_a_process_cannot_take_the_name_of_another_table(tmp_path: Path, name: str) -> None:
    manifest = tmp_path / "langgraph.json"
    manifest.write_text(f'{{"graphs": {{"{name}": "./graphs/invoice_to_pay.py:graph"}}}}', "utf-8")

    with pytest.raises(StartRefused, match=name):
        load_registry(manifest)
