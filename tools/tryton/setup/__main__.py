"""Set a Tryton up where it is not yet, run it, and run a command beside it.

The command finds in its environment where Tryton is, and that its books are the ERP's.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from tools.tryton.setup.installation import PROGRAMS, SQLITE, Installation

SERVERS = Path(__file__).parents[1] / "servers.toml"


def main() -> None:
    arguments = _parser().parse_args()
    if not (PROGRAMS / "trytond").exists():
        raise SystemExit(f"there is no Tryton in {PROGRAMS}: `make run ERP=tryton` installs it")
    installation = Installation(arguments.folder, uri=arguments.database_uri)
    if not installation.complete:
        sys.stderr.write("Setting up Tryton: database, chart of accounts, suppliers, orders, receipts ...\n")
    installation.set_up()
    with installation.running():
        sys.exit(_run(arguments.command, installation))


def _run(command: list[str], installation: Installation) -> int:
    """Run the command to its end, and let it end in order when we are asked to."""
    environment = {
        **os.environ,
        "STEWARD_DATA": str(installation.folder / "steward"),
        "STEWARD_SERVERS": str(SERVERS),
        **installation.environment,
    }
    with subprocess.Popen(command, env=environment) as process:
        # A terminal sends Ctrl-C to both of us: the command's end is ours.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        return process.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.tryton.setup", description=__doc__)
    parser.add_argument("folder", type=Path, help="where everything of this Tryton lies")
    parser.add_argument(
        "--database-uri",
        default=os.environ.get("TRYTON_DATABASE_URI") or SQLITE,
        metavar="URI",
        help="of a PostgreSQL with an empty database named steward (default: a SQLite file in the folder)",
    )
    parser.add_argument("command", nargs="+", metavar="-- COMMAND", help="what runs beside it")
    return parser


if __name__ == "__main__":
    main()
