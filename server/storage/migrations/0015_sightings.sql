-- What reading tools answered in a case where servers.toml names them as witnesses: of each witness and object the
-- latest. `object` and `value` are digests, so that nothing of the answer itself is kept here.
CREATE TABLE sightings (
    case_id uuid NOT NULL REFERENCES cases,
    witness text NOT NULL,
    object  text NOT NULL,
    value   text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, witness, object)
);

-- Which witness answered which argument, by the argument's path.
ALTER TABLE effects ADD COLUMN sources jsonb NOT NULL DEFAULT '{}';
