-- Cases that the host starts by itself. next_at is the first moment that has not been dealt with.
CREATE TABLE schedules (
    id          uuid PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    process     text NOT NULL,
    cron        text NOT NULL,
    zone        text NOT NULL,
    input       jsonb NOT NULL,
    overlap     text NOT NULL CHECK (overlap IN ('skip', 'queue', 'allow')),
    catch_up    text NOT NULL CHECK (catch_up IN ('none', 'one', 'all')),
    enabled     boolean NOT NULL,
    next_at     timestamptz,
    last_at     timestamptz,
    last_case   uuid REFERENCES cases,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (enabled = (next_at IS NOT NULL))
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE enabled;
CREATE INDEX schedules_newest ON schedules (created_at DESC, id DESC);

-- What became of each moment. The key is the rule "one moment, one case".
CREATE TABLE firings (
    schedule_id   uuid NOT NULL REFERENCES schedules ON DELETE CASCADE,
    scheduled_for timestamptz NOT NULL,
    outcome       text NOT NULL CHECK (outcome IN ('started', 'queued', 'skipped', 'missed', 'refused')),
    reason        text,
    case_id       uuid REFERENCES cases,
    fired_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schedule_id, scheduled_for),
    CHECK ((outcome = 'started') = (case_id IS NOT NULL))
);
CREATE INDEX firings_queued ON firings (schedule_id, scheduled_for) WHERE outcome = 'queued';
