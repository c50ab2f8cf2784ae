"""A host does not start with a table that has other content than its version had before."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from conftest import ROOT

from rules import load_table

EARLIER = """
INSERT INTO rule_tables (digest, table_id, version, sources, parts)
SELECT 'sha256:00', 'invoice_to_pay', %(version)s, '{}', jsonb_build_array(jsonb_build_object(
    'id', '', 'file', 'rules/invoice_to_pay.yaml', 'version', %(version)s::text, 'digest', 'sha256:00'))
"""


@pytest.mark.parametrize(
    "arguments",
    [("serve", "--dev", "--port", "0"), ("serve", "--dev", "--port", "0", "--no-worker"), ("work",)],
    ids=["API and worker", "API", "worker"],
)
def test_a_host_with_a_changed_table_of_an_old_version_does_not_start(
    database_url: str, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(EARLIER, {"version": load_table("invoice_to_pay").version})
    environment = os.environ | {"DATABASE_URL": database_url, "STEWARD_DATA": str(tmp_path)}
    environment.pop("ERP_URL", None)

    done = subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "steward: rules/invoice_to_pay.yaml: version" in done.stderr
    assert "the change needs a version of its own" in done.stderr
