-- Who had a part in what was done to which business object: the person for whom an effect was made (`initiator`) and
-- those on whose answers it was made (`approver`). A row stands from the intent on, and goes when the effect certainly
-- did not happen. What an object is called may stand in the receipt only: until then it is `found_at` a place there.
CREATE TABLE duties (
    effect      text NOT NULL REFERENCES effects,
    object_type text NOT NULL,
    object_id   text,
    found_at    text,
    duty        text NOT NULL,
    part        text NOT NULL CHECK (part IN ('initiator', 'approver')),
    person      text NOT NULL,
    agent       text NOT NULL,
    case_id     uuid NOT NULL REFERENCES cases,
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (effect, object_type, part, person),
    CHECK (object_id IS NOT NULL OR found_at IS NOT NULL)
);
CREATE INDEX duties_of_object ON duties (object_type, object_id, at);
CREATE INDEX duties_of_case ON duties (case_id);
