"""Start the ERP: `python -m tools.erp --http 127.0.0.1:8765` or `python -m tools.erp --stdio`."""

import argparse
import os
from pathlib import Path

from tools.erp.books import OwnBooks
from tools.erp.database import Database, ForeignBooks
from tools.erp.mcp_tools import Tools
from tools.serving import add_transport, serve

INSTRUCTIONS = "A small ERP that keeps books: suppliers, purchase orders, supplier invoices, payments."


def main() -> None:
    arguments = _parser().parse_args()
    try:
        database = Database(arguments.database)
    except ForeignBooks as refused:
        raise SystemExit(str(refused)) from refused
    serve("erp", Tools(OwnBooks(database)).listed(), instructions=INSTRUCTIONS, arguments=arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.erp", description=__doc__)
    add_transport(parser)
    parser.add_argument(
        "--database",
        type=Path,
        default=Path(os.environ.get("ERP_DATABASE") or ".steward/erp.sqlite3"),
        help="the SQLite file of the books (default: ERP_DATABASE, else .steward/erp.sqlite3)",
    )
    return parser


if __name__ == "__main__":
    main()
