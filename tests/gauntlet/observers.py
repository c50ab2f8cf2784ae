"""Triggers that note who wrote what, in the database of a gauntlet run only.

The fence is one function that every writer calls. These notes are taken below it and know nothing of it, so
they tell a stale write also where the fence was taken out. A process is told by its `application_name`.
"""

import psycopg

_SCHEMA = """
CREATE SCHEMA gauntlet;
CREATE TABLE gauntlet.claims (case_id uuid, attempt integer, writer text, at timestamptz);
CREATE TABLE gauntlet.writes (case_id uuid, attempt integer, writer text, place text, at timestamptz);

CREATE FUNCTION gauntlet.note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gauntlet.claims
    VALUES (NEW.id, NEW.attempt, current_setting('application_name'), clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER gauntlet_claim AFTER UPDATE OF attempt ON cases FOR EACH ROW
    WHEN (OLD.attempt <> NEW.attempt) EXECUTE FUNCTION gauntlet.note_claim();

CREATE FUNCTION gauntlet.note_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gauntlet.writes
    SELECT id, attempt, current_setting('application_name'), TG_TABLE_NAME, clock_timestamp()
    FROM cases WHERE id::text = COALESCE(to_jsonb(NEW) ->> 'case_id', to_jsonb(NEW) ->> 'thread_id');
    RETURN NULL;
END $$;
"""
_TRIGGER = (
    "CREATE TRIGGER gauntlet_write AFTER INSERT OR UPDATE ON {table} FOR EACH ROW"
    " EXECUTE FUNCTION gauntlet.note_write()"
)
WATCHED = ("checkpoints", "checkpoint_writes", "effects", "reviews")


def observe(url: str) -> None:
    """Put the triggers into a database that is migrated already."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_SCHEMA.encode())
        for table in WATCHED:
            connection.execute(_TRIGGER.format(table=table).encode())
