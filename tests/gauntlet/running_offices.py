"""An office as a process, and the file of servers that leads to it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).with_name("office_server.py")
WITNESS = "{tool = 'office.find_supplier', place = 'supplier.iban', same = {supplier = 'supplier.id'}}"


@contextmanager
def running_office(folder: Path, *, port: int = 0) -> Iterator[str]:
    """Run an office over the folder while the body runs; the value is its URL."""
    command = [sys.executable, str(PROGRAM), str(folder), str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline().decode()
            if "http://" not in line:
                raise AssertionError(f"the office did not start: {line}{process.stderr.read().decode()}")
            yield line.split()[-1]
        finally:
            process.kill()


def office_file(folder: Path, url: str, *, witnessed: bool = True) -> Path:
    """Write the file for STEWARD_SERVERS; without the witness the account of a payment may be anybody's.

    When FOLDER/occasion is written anew, a host opens another session, in which the tools are described anew.
    """
    file = folder / "servers.toml"
    occasion = folder / "occasion"
    occasion.write_text("none")
    witnesses = f", witnesses = {{iban = [{WITNESS}]}}" if witnessed else ""
    file.write_text(
        f"""
[office]
url = "{url}"
sandbox = true
pinned = false
timeout_s = 20
identity = {{headers = {{X-Occasion = {{file = "{occasion}"}}}}}}

[office.tools]
find_supplier = "read"
list_letters = "read"
search_internet = "read"
pay = {{contract = "keyed"{witnesses}}}
send_mail = "blind"
"""
    )
    return file
