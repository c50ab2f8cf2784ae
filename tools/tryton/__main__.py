"""Offer Tryton's books: `python -m tools.tryton --stdio`, or `--http 127.0.0.1:8766`.

The environment says where Tryton is and as whom we speak to it: TRYTON_URL, TRYTON_DATABASE, TRYTON_KEY_FILE.
"""

import argparse

from tools.erp.mcp_tools import Tools
from tools.serving import add_transport, serve
from tools.tryton.books import TrytonBooks
from tools.tryton.settings import load_settings

INSTRUCTIONS = "The books of a company in Tryton: suppliers, purchase orders, supplier invoices, payments."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.tryton", description=__doc__)
    add_transport(parser)
    arguments = parser.parse_args()
    try:
        settings = load_settings()
    except ValueError as error:
        raise SystemExit(str(error)) from error
    serve("erp", Tools(TrytonBooks(settings)).listed(), instructions=INSTRUCTIONS, arguments=arguments)


if __name__ == "__main__":
    main()
