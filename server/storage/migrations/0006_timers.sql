-- A moment at which the host does something by itself. `key` says what of the case it is for: an interrupt's id.
CREATE TABLE timers (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind        text NOT NULL,
    case_id     uuid NOT NULL REFERENCES cases,
    key         text NOT NULL,
    status      text NOT NULL DEFAULT 'set' CHECK (status IN ('set', 'fired', 'cancelled')),
    due_at      timestamptz NOT NULL,
    set_at      timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    UNIQUE (case_id, kind, key),
    CHECK ((status = 'set') = (ended_at IS NULL))
);
CREATE INDEX timers_due ON timers (due_at) WHERE status = 'set';

-- Whoever ends a case, its timers end with it.
CREATE FUNCTION cancel_timers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE timers SET status = 'cancelled', ended_at = now() WHERE case_id = NEW.id AND status = 'set';
    RETURN NULL;
END $$;
CREATE TRIGGER timers_end_with_their_case AFTER UPDATE OF status ON cases
    FOR EACH ROW WHEN (NEW.status IN ('succeeded', 'failed', 'cancelled')) EXECUTE FUNCTION cancel_timers();
