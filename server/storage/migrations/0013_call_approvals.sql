-- What people answered about a tool call that a policy wants reviewed. A row stands for one place in a case and
-- for the arguments that were shown; the act asks for it anew, and an approval of other arguments is none.
CREATE TABLE call_approvals (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES cases,
    place       text NOT NULL,
    server      text NOT NULL,
    tool        text NOT NULL,
    digest      text NOT NULL,
    role        text NOT NULL,
    review_id   uuid NOT NULL REFERENCES reviews,
    decision    text NOT NULL CHECK (decision IN ('approve', 'reject')),
    comment     text NOT NULL,
    answered_by text NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX call_approvals_of_case ON call_approvals (case_id, place, id);
