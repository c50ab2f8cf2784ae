-- The text of every table that a host has had with its overlays, under the digest of it all. `sources` maps the name
-- of each file to its text, the table's own first; `parts` says of the table ('') and each overlay (its id) which
-- version it is and its digest.
CREATE TABLE rule_tables (
    digest        text PRIMARY KEY,
    table_id      text NOT NULL,
    version       text NOT NULL,
    sources       json NOT NULL,
    parts         jsonb NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rule_tables_of_id ON rule_tables (table_id, first_seen_at DESC);

-- The digest of the table that the case decides by, for each table that it has met.
ALTER TABLE cases ADD COLUMN tables jsonb NOT NULL DEFAULT '{}';
-- What the case decided by before it was moved.
ALTER TABLE case_migrations ADD COLUMN tables jsonb NOT NULL DEFAULT '{}';

-- What a table said in a step of a case. A repeat of the step writes the same row again. `facts` are as they were
-- given, `facts_digest` is of what the table read in them; `text_digest` is the text's in rule_tables, and `digest` of
-- what of it applied there and then. No foreign key leads to the text: all decisions by it would meet at its lock.
CREATE TABLE decisions (
    case_id      uuid NOT NULL REFERENCES cases,
    step         text NOT NULL,
    table_id     text NOT NULL,
    facts_digest text NOT NULL,
    text_digest  text NOT NULL,
    digest       text NOT NULL,
    as_of        date,
    facts        jsonb NOT NULL,
    kind         text NOT NULL,
    said         jsonb NOT NULL,
    decided_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, step, table_id, facts_digest)
);
CREATE INDEX decisions_of_table ON decisions (table_id, decided_at, case_id, step);
