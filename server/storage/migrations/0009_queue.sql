-- The runs table is the queue: a ready run stands in the queue of its case's version until a worker claims it.
-- Whoever makes a run ready puts it there, and tells the workers, by this trigger; nothing else needs to know how.
ALTER TABLE runs
    ADD COLUMN queue   text,
    ADD COLUMN suspect boolean NOT NULL DEFAULT false;
CREATE INDEX runs_queue ON runs (queue, priority DESC, admitted_at) WHERE status = 'ready';

CREATE FUNCTION enter_queue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.queue := (SELECT run_queue(process, version) FROM cases WHERE id = NEW.case_id);
    PERFORM pg_notify('steward_queue', '');
    RETURN NEW;
END $$;
CREATE TRIGGER runs_enter_queue BEFORE INSERT OR UPDATE OF status ON runs
    FOR EACH ROW WHEN (NEW.status = 'ready') EXECUTE FUNCTION enter_queue();
UPDATE runs SET status = 'ready' WHERE status = 'ready';
