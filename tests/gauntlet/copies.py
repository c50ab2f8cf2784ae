"""Ten thousand cases at rest, made in seconds: copies of one that came to rest, row by row in SQL."""

import psycopg
from psycopg.rows import dict_row

# What of each table belongs to a case, and by which column.
_TABLES = {
    "cases": "id",
    "runs": "case_id",
    "reviews": "case_id",
    "timers": "case_id",
    "audit_entries": "case_id",
    "checkpoints": "thread_id",
    "checkpoint_blobs": "thread_id",
    "checkpoint_writes": "thread_id",
}
_COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_identity = 'NO' AND is_generated = 'NEVER'
"""


def copy_case(url: str, case: str, *, count: int) -> None:
    """Add `count` copies of the case under ids of their own, without the triggers that would note each."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("CREATE TEMPORARY TABLE copies (id uuid)")
        connection.execute(
            "INSERT INTO copies SELECT gen_random_uuid() FROM generate_series(1, %s)", (count,)
        )
        for table, owner in _TABLES.items():
            columns = connection.execute(_COLUMNS, (table,)).fetchall()
            names = ", ".join(column["column_name"] for column in columns)
            values = ", ".join(_value(column, owner) for column in columns)
            connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, copies"
                f" WHERE {table}.{owner}::text = %s".encode(),
                (case,),
            )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _value(column: dict[str, str], owner: str) -> str:
    name, kind = column["column_name"], column["data_type"]
    if name == owner:
        return "copies.id" if kind == "uuid" else "copies.id::text"
    if name == "id" and kind == "uuid":
        return "gen_random_uuid()"
    return "'case/' || copies.id" if name == "object" else name
