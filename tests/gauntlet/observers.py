"""Triggers that note who wrote what, in the database of a gauntlet run only.

They are taken below the fence and know nothing of attempts, so they tell a stale write also where the fence
was taken out. A process is told by its `application_name`, and the order of things by the database's clock: a
claim and a fenced write of one case wait for each other.
"""

import psycopg

_SCHEMA = """
CREATE SCHEMA gauntlet;
CREATE TABLE gauntlet.claims (case_id uuid, writer text, at timestamptz);
CREATE TABLE gauntlet.writes (case_id uuid, writer text, place text, at timestamptz);

CREATE FUNCTION gauntlet.note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gauntlet.claims
    VALUES (NEW.case_id, current_setting('application_name'), clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER gauntlet_claim AFTER UPDATE OF status ON runs FOR EACH ROW
    WHEN (NEW.status = 'running' AND OLD.status <> 'running') EXECUTE FUNCTION gauntlet.note_claim();

CREATE FUNCTION gauntlet.note_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gauntlet.writes VALUES (
        COALESCE(to_jsonb(NEW) ->> 'case_id', to_jsonb(NEW) ->> 'thread_id')::uuid,
        current_setting('application_name'), TG_TABLE_NAME, clock_timestamp());
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
