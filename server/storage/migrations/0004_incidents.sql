-- How often a case was changed. A caller who names the revision it looked at changes that one or none. It is a
-- trigger, because every statement that moves a case counts, also those of an older host in the same database.
ALTER TABLE cases ADD COLUMN revision integer NOT NULL DEFAULT 0;
CREATE FUNCTION raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_revision BEFORE UPDATE ON cases FOR EACH ROW EXECUTE FUNCTION raise_revision();

-- Why a case could not go on by itself, and what an operator did about it.
CREATE TABLE incidents (
    id           uuid PRIMARY KEY,
    case_id      uuid NOT NULL REFERENCES cases,
    run_id       uuid REFERENCES runs,
    process      text NOT NULL,
    step         text,
    code         text NOT NULL,
    kind         text NOT NULL
                 CHECK (kind IN ('transient', 'permanent', 'business', 'ambiguous', 'forbidden', 'limit')),
    message      text NOT NULL,
    detail       jsonb NOT NULL DEFAULT '{}',
    attempts     integer NOT NULL,
    group_key    text NOT NULL,
    status       text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved')),
    opened_at    timestamptz NOT NULL DEFAULT now(),
    resolved_at  timestamptz,
    resolved_by  text,
    resolved_how text,
    reason       text,
    CHECK ((status = 'resolved') = (resolved_at IS NOT NULL AND resolved_by IS NOT NULL AND resolved_how IS NOT NULL))
);
CREATE UNIQUE INDEX incidents_one_open ON incidents (case_id) WHERE status = 'open';
CREATE INDEX incidents_of_case ON incidents (case_id, opened_at);
CREATE INDEX incidents_newest ON incidents (opened_at DESC, id DESC);
CREATE INDEX incidents_groups ON incidents (process, group_key, opened_at) WHERE status = 'open';

INSERT INTO incidents (id, case_id, run_id, process, code, kind, message, detail, attempts, group_key, opened_at)
SELECT gen_random_uuid(), id, (SELECT runs.id FROM runs WHERE case_id = cases.id ORDER BY created_at DESC LIMIT 1),
    process, COALESCE(error ->> 'code', 'unexpected'),
    CASE error ->> 'code' WHEN 'tool_outcome_unknown' THEN 'ambiguous' WHEN 'tool_not_allowed' THEN 'forbidden'
        ELSE 'permanent' END,
    COALESCE(error ->> 'message', 'see the log of the worker'), COALESCE(error, '{}'), attempt,
    concat_ws('/', process, '-', COALESCE(error ->> 'code', 'unexpected')), updated_at
FROM cases WHERE status = 'incident';

-- What may not go on: everything, or what belongs to a tenant, a process, a tool server or one of its tools.
CREATE TABLE stops (
    id          uuid PRIMARY KEY,
    scope       text NOT NULL CHECK (scope IN ('all', 'tenant', 'process', 'server', 'tool')),
    value       text NOT NULL,
    reason      text NOT NULL,
    stopped_by  text NOT NULL,
    stopped_at  timestamptz NOT NULL DEFAULT now(),
    released_by text,
    released_at timestamptz,
    CHECK ((scope = 'all') = (value = '')),
    CHECK ((released_at IS NULL) = (released_by IS NULL))
);
CREATE UNIQUE INDEX stops_in_force ON stops (scope, value) WHERE released_at IS NULL;
CREATE INDEX stops_newest ON stops (stopped_at DESC, id DESC);

-- The stop that a run met at a tool: the run waits for its release, for only the step knows what it will call.
ALTER TABLE runs ADD COLUMN held_by uuid REFERENCES stops;

-- The stop that keeps a run from being worked on, if there is one.
CREATE FUNCTION find_stop(p_process text, p_tenant text, p_held_by uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT id FROM stops WHERE released_at IS NULL AND (
        id = p_held_by OR scope = 'all' OR (scope = 'process' AND value = p_process)
        OR (scope = 'tenant' AND value = p_tenant))
    LIMIT 1
$$;
