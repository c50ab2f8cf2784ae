-- Rules that people proposed when a table could not decide: the row as a line of YAML, the digest of the text that it
-- is proposed for, and what became of past decisions with it. None of them decides anything.
CREATE TABLE proposed_rules (
    id          uuid PRIMARY KEY,
    table_id    text NOT NULL,
    rule        text NOT NULL,
    line        text NOT NULL,
    text_digest text NOT NULL,
    case_id     uuid NOT NULL REFERENCES cases,
    review_id   uuid NOT NULL REFERENCES reviews,
    backtest    jsonb NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX proposed_rules_newest ON proposed_rules (table_id, proposed_at DESC, id DESC);
