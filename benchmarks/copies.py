"""Many cases from one: its rows in every table, under new case ids.

A copy is what the host would have written for the same input. Its checkpoints have the ids of the original,
so its interrupt has, too: a copy that waits can be answered.
"""

from uuid import UUID

from server.storage.database import Connection

# A case is named by its id, by `case_id`, or as LangGraph names it. Rows point to cases, so these come first.
_TABLES = """
    SELECT tables.relname AS name, named.attname AS names_case,
        array_agg(columns.attname::text) FILTER (WHERE columns.attname <> named.attname) AS others,
        bool_or(columns.attname = 'id' AND columns.atttypid = 'uuid'::regtype
            AND named.attname <> 'id') AS has_id
    FROM pg_class AS tables
    JOIN pg_attribute AS named ON named.attrelid = tables.oid AND NOT named.attisdropped
        AND (named.attname IN ('case_id', 'thread_id') OR tables.relname = 'cases' AND named.attname = 'id')
    JOIN pg_attribute AS columns ON columns.attrelid = tables.oid AND columns.attnum > 0
        AND NOT columns.attisdropped AND columns.attidentity = '' AND columns.attgenerated = ''
    WHERE tables.relkind = 'r' AND tables.relnamespace = 'public'::regnamespace
    GROUP BY 1, 2 ORDER BY tables.relname <> 'cases', tables.relname <> 'runs', 1
"""
_SIZES = """
    SELECT relname AS name, pg_total_relation_size(oid) AS bytes FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


async def copy_case(connection: Connection, case_id: UUID, *, count: int) -> None:
    """Write `count` copies of the case."""
    await connection.execute(
        "CREATE TEMPORARY TABLE copies AS SELECT gen_random_uuid() AS id FROM generate_series(1, %s)",
        (count,),
    )
    for table in await (await connection.execute(_TABLES)).fetchall():
        kept = [name for name in table["others"] if not (name == "id" and table["has_id"])]
        columns = [table["names_case"], *(["id"] if table["has_id"] else []), *kept]
        kind = "text" if table["names_case"] == "thread_id" else "uuid"
        values = [f"copies.id::{kind}", *(["gen_random_uuid()"] if table["has_id"] else [])]
        values += [f"source.{name}" for name in kept]
        statement = (
            f"INSERT INTO {table['name']} ({', '.join(columns)}) SELECT {', '.join(values)}"  # noqa: S608
            f" FROM {table['name']} AS source CROSS JOIN copies"
            f" WHERE source.{table['names_case']} = %s::{kind}"
        )
        await connection.execute(statement.encode(), (str(case_id),))
    await connection.execute("DROP TABLE copies")
    await connection.execute("VACUUM ANALYZE")


async def table_bytes(connection: Connection) -> dict[str, int]:
    """Return the size of each table with its indexes and what lies out of line."""
    rows = await (await connection.execute(_SIZES)).fetchall()
    return {row["name"]: row["bytes"] for row in rows}
