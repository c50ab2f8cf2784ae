"""A Tryton of one's own to try things on: database, server, chart of accounts, and the bundled ERP's seed.

`python -m tools.tryton.setup FOLDER -- COMMAND` sets it up where it is not yet, runs it, and runs the command
beside it.
"""
