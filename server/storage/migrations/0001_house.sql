-- Documents are immutable and named by their content.
CREATE TABLE documents (
    id          text PRIMARY KEY CHECK (id ~ '^sha256:[0-9a-f]{64}$'),
    name        text NOT NULL,
    media_type  text NOT NULL,
    content     bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cases (
    id          uuid PRIMARY KEY,
    process     text NOT NULL,
    status      text NOT NULL DEFAULT 'running'
                CHECK (status IN ('running', 'waiting', 'suspended', 'incident', 'succeeded', 'failed', 'cancelled')),
    attempt     integer NOT NULL DEFAULT 0,
    input       jsonb NOT NULL,
    title       text,
    result      text,
    error       jsonb,
    started_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
CREATE INDEX cases_newest ON cases (created_at DESC, id DESC);
CREATE INDEX cases_by_status ON cases (process, status, created_at DESC, id DESC);

-- One invocation of the graph. The partial index is the rule "one active run a case".
CREATE TABLE runs (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES cases,
    kind        text NOT NULL CHECK (kind IN ('start', 'resume', 'retry')),
    status      text NOT NULL DEFAULT 'ready'
                CHECK (status IN ('waiting', 'ready', 'running', 'succeeded', 'interrupted', 'failed', 'cancelled')),
    resume      jsonb,
    job_id      bigint,
    worker      integer,
    takeovers   integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    ended_at    timestamptz
);
CREATE UNIQUE INDEX runs_one_active ON runs (case_id) WHERE status IN ('ready', 'running');
CREATE INDEX runs_active ON runs (status) WHERE status IN ('ready', 'running');
CREATE INDEX runs_of_case ON runs (case_id, created_at);

-- The fence: a write of an attempt that no longer owns the case fails, and with it the transaction it stands in.
CREATE FUNCTION assert_attempt(p_case uuid, p_attempt integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM cases WHERE id = p_case AND attempt = p_attempt FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'attempt % of case % is superseded', p_attempt, p_case USING ERRCODE = 'ST001';
    END IF;
END $$;

CREATE TABLE reviews (
    id           uuid PRIMARY KEY,
    case_id      uuid NOT NULL REFERENCES cases,
    interrupt_id text NOT NULL,
    status       text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'answered', 'withdrawn')),
    question     text NOT NULL,
    role         text,
    body         jsonb NOT NULL,
    form         jsonb,
    answer       jsonb,
    answered_by  text,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    answered_at  timestamptz,
    UNIQUE (case_id, interrupt_id),
    CHECK ((status = 'answered') = (answered_at IS NOT NULL))
);
CREATE INDEX reviews_newest ON reviews (opened_at DESC, id DESC);
CREATE INDEX reviews_open ON reviews (role, opened_at DESC, id DESC) WHERE status = 'open';

-- One consequential tool call. Intent is committed before the call, the receipt after it.
CREATE TABLE effects (
    key         text PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES cases,
    step        text NOT NULL,
    server      text NOT NULL,
    tool        text NOT NULL,
    contract    text NOT NULL,
    arguments   jsonb NOT NULL,
    digest      text NOT NULL,
    verdict     jsonb NOT NULL,
    status      text NOT NULL DEFAULT 'intended' CHECK (status IN ('intended', 'done', 'failed')),
    tries       integer NOT NULL DEFAULT 1,
    receipt     jsonb,
    error       jsonb,
    intended_at timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    CHECK ((status = 'done') = (receipt IS NOT NULL))
);
CREATE INDEX effects_of_case ON effects (case_id, intended_at);

CREATE TABLE idempotency_keys (
    actor       text NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    case_id     uuid NOT NULL REFERENCES cases,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
);

CREATE TABLE audit_entries (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text NOT NULL,
    action      text NOT NULL,
    object      text NOT NULL,
    case_id     uuid,
    detail      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_of_case ON audit_entries (case_id, id);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A worker's number is the key of the advisory lock that it holds while it lives. One that is frozen keeps the
-- lock, so it also has a lease, by the database's clock.
CREATE TABLE workers (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
);
