-- How far the checkpoints of ended cases have been pruned, in the order in which the cases ended.
CREATE INDEX cases_ended ON cases (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE TABLE pruning (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ended_at timestamptz NOT NULL DEFAULT '-infinity',
    case_id  uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
INSERT INTO pruning DEFAULT VALUES;
