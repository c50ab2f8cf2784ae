-- When the last try of an effect was begun, what its outcome is known by, and what took it back.
ALTER TABLE effects
    ADD COLUMN tried_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN settled_by text CHECK (settled_by IN ('answer', 'lookup', 'operator')),
    ADD COLUMN undoes text UNIQUE REFERENCES effects,
    ADD COLUMN compensated_at timestamptz;
UPDATE effects SET tried_at = intended_at, settled_by = CASE status WHEN 'done' THEN 'answer' END;

CREATE INDEX effects_newest ON effects (intended_at DESC, key DESC);
CREATE INDEX effects_open ON effects (intended_at DESC, key DESC) WHERE status = 'intended';
