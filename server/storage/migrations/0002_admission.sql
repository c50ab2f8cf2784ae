-- A run waits until its case is free, its time has come and the limits leave it a place. Process and tenant stand
-- on the run itself, so that places are counted without a look at the cases.
ALTER TABLE cases
    ADD COLUMN tenant   text NOT NULL DEFAULT 'default',
    ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100);
ALTER TABLE runs
    ADD COLUMN process     text,
    ADD COLUMN tenant      text NOT NULL DEFAULT 'default',
    ADD COLUMN priority    smallint NOT NULL DEFAULT 0,
    ADD COLUMN due_at      timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN admitted_at timestamptz,
    ADD COLUMN died_at     text;
COMMENT ON COLUMN runs.died_at IS 'the checkpoint at which the last worker died; takeovers counts deaths there';
UPDATE runs SET process = cases.process FROM cases WHERE cases.id = runs.case_id;
-- Code of before this file writes runs without their process while a deployment rolls.
CREATE FUNCTION fill_process() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT process, tenant INTO NEW.process, NEW.tenant FROM cases WHERE id = NEW.case_id;
    RETURN NEW;
END $$;
CREATE TRIGGER runs_fill_process BEFORE INSERT ON runs
    FOR EACH ROW WHEN (NEW.process IS NULL) EXECUTE FUNCTION fill_process();
ALTER TABLE runs ALTER COLUMN process SET NOT NULL;

CREATE INDEX runs_waiting ON runs (process, tenant, priority DESC, created_at) WHERE status = 'waiting';
CREATE INDEX runs_places ON runs (process, tenant) WHERE status IN ('ready', 'running');
CREATE INDEX runs_starts ON runs (admitted_at, process, tenant) WHERE kind = 'start';

-- What graphs/limits.toml says of admission, as the worker that started last read it. NULL is no limit.
CREATE TABLE admission_limits (
    scope             text NOT NULL CHECK (scope IN ('process', 'tenant')),
    name              text NOT NULL,
    concurrency       integer CHECK (concurrency > 0),
    starts_per_minute integer CHECK (starts_per_minute > 0),
    PRIMARY KEY (scope, name)
);
-- The limits that hold for a run; a tenant without a row has those of the tenant "default".
CREATE FUNCTION limits_of(p_process text, p_tenant text) RETURNS SETOF admission_limits LANGUAGE sql STABLE AS $$
    SELECT * FROM admission_limits
    WHERE (concurrency IS NOT NULL OR starts_per_minute IS NOT NULL) AND (
        scope = 'process' AND name = p_process
        OR scope = 'tenant' AND name = CASE
            WHEN EXISTS (SELECT 1 FROM admission_limits WHERE scope = 'tenant' AND name = p_tenant) THEN p_tenant
            ELSE 'default' END)
$$;
