-- What a version of a process was made of, kept for as long as a case may have been started under it.
CREATE TABLE process_versions (
    process       text NOT NULL,
    version       text NOT NULL,
    outline       jsonb NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (process, version)
);

-- The version that the case goes on under; empty for one that a host before this migration started.
ALTER TABLE cases ADD COLUMN version text NOT NULL DEFAULT '';
CREATE INDEX cases_unfinished ON cases (process, version, status) WHERE ended_at IS NULL;

-- The queues that a worker takes runs from.
ALTER TABLE workers ADD COLUMN serves text[] NOT NULL DEFAULT '{}';

-- Each version has a queue of its own, so that a run meets only workers that have its version. Procrastinate
-- makes the name a part of a NOTIFY channel's, and PostgreSQL gives such a name 63 bytes.
CREATE FUNCTION run_queue(p_process text, p_version text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE p_version WHEN '' THEN 'runs' ELSE left(p_process, 24) || '@' || p_version END;

-- An operator's order to take waiting cases from one version of a process to another.
CREATE TABLE process_migrations (
    id           uuid PRIMARY KEY,
    process      text NOT NULL,
    from_version text NOT NULL,
    to_version   text NOT NULL,
    plan         jsonb NOT NULL,
    reason       text NOT NULL,
    started_by   text NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX process_migrations_newest ON process_migrations (process, started_at DESC, id DESC);

-- What became of each case under it. `before` and `after` are checkpoints, `reviews` those that were withdrawn.
CREATE TABLE case_migrations (
    migration_id uuid NOT NULL REFERENCES process_migrations,
    case_id      uuid NOT NULL REFERENCES cases,
    status       text NOT NULL DEFAULT 'pending'
                 CHECK (status IN ('pending', 'moved', 'refused', 'undoing', 'undone', 'kept')),
    before       text,
    after        text,
    reviews      uuid[] NOT NULL DEFAULT '{}',
    why          text,
    changed_by   text NOT NULL,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (migration_id, case_id)
);
CREATE INDEX case_migrations_open ON case_migrations (migration_id, case_id) WHERE status IN ('pending', 'undoing');
