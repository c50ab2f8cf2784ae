-- How far the checkpoints of waiting cases have been pruned, in the order in which the cases came to rest.
CREATE INDEX cases_resting ON cases (updated_at, id) WHERE status = 'waiting';
CREATE TABLE pruning_waiting (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    rested_at timestamptz NOT NULL DEFAULT '-infinity',
    up_to     uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
INSERT INTO pruning_waiting DEFAULT VALUES;
