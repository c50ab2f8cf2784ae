-- What tools have used of each quota: a row for each group of calls and window, locked only by the calls that it
-- counts. `used` is the sum of its reservations; no call takes it past the ceiling that it was let in under.
CREATE TABLE quota_uses (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    quota      text NOT NULL,
    subject    jsonb NOT NULL,
    "window"   text NOT NULL CHECK ("window" IN ('day', 'month', '24h', 'ever')),
    begins_at  timestamptz NOT NULL,  -- before all time where the window has no beginning
    ends_at    timestamptz,
    used       numeric NOT NULL DEFAULT 0 CHECK (used >= 0),
    ceiling    numeric NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (quota, subject, "window", begins_at),
    CHECK (used <= ceiling)
);
CREATE INDEX quota_uses_newest ON quota_uses (changed_at DESC, id DESC);

-- What an effect takes of a quota, for as long as that counts: a repeat of the effect finds its row.
CREATE TABLE quota_reservations (
    effect      text NOT NULL REFERENCES effects,
    quota       text NOT NULL,
    use_id      uuid NOT NULL REFERENCES quota_uses,
    amount      numeric NOT NULL CHECK (amount > 0),
    reserved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (effect, quota)
);
CREATE INDEX quota_reservations_of_use ON quota_reservations (use_id, reserved_at);

-- Takes what an effect needs of its quotas, or returns the first that has too little left; then the caller gives the
-- transaction up. Every call locks in the order of the quotas' names, and the row of a use before its reservations.
-- A day that slides forgets what was reserved longer ago. `approved`: a person lets this one call go beyond.
CREATE FUNCTION reserve_quotas(p_effect text, p_wanted jsonb) RETURNS TABLE (quota text, used numeric, ends_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    wanted record;
    held   quota_uses;
BEGIN
    FOR wanted IN
        SELECT * FROM jsonb_to_recordset(p_wanted) AS given (
            quota text, subject jsonb, amount numeric, "limit" numeric, "window" text, zone text, approved boolean)
        ORDER BY given.quota COLLATE "C"
    LOOP
        INSERT INTO quota_uses (quota, subject, "window", begins_at, ends_at, ceiling)
        VALUES (
            wanted.quota, wanted.subject, wanted."window",
            CASE WHEN wanted."window" IN ('day', 'month') THEN date_trunc(wanted."window", now(), wanted.zone)
                ELSE '-infinity' END,
            CASE WHEN wanted."window" IN ('day', 'month') THEN (
                date_trunc(wanted."window", now() AT TIME ZONE wanted.zone)
                + ('1 ' || wanted."window")::interval) AT TIME ZONE wanted.zone END,
            wanted."limit")
        ON CONFLICT (quota, subject, "window", begins_at) DO UPDATE SET changed_at = now()
        RETURNING * INTO held;
        IF wanted."window" = '24h' THEN
            WITH gone AS (
                DELETE FROM quota_reservations
                WHERE use_id = held.id AND reserved_at <= now() - interval '24 hours' RETURNING amount)
            UPDATE quota_uses SET used = used - (SELECT COALESCE(sum(amount), 0) FROM gone)
            WHERE id = held.id RETURNING * INTO held;
        END IF;
        UPDATE quota_uses
        SET used = used + wanted.amount,
            ceiling = CASE WHEN wanted.approved THEN greatest(wanted."limit", used + wanted.amount)
                ELSE wanted."limit" END
        WHERE id = held.id AND (wanted.approved OR used + wanted.amount <= wanted."limit");
        IF NOT FOUND THEN
            RETURN QUERY SELECT held.quota, held.used, held.ends_at;
            RETURN;
        END IF;
        INSERT INTO quota_reservations (effect, quota, use_id, amount)
        VALUES (p_effect, wanted.quota, held.id, wanted.amount);
    END LOOP;
END $$;

-- Gives back what an effect took: it certainly did not happen, or was taken back.
CREATE FUNCTION release_quotas(p_effect text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    reserved record;
BEGIN
    FOR reserved IN
        SELECT quota, use_id FROM quota_reservations WHERE effect = p_effect ORDER BY quota COLLATE "C"
    LOOP
        PERFORM FROM quota_uses WHERE id = reserved.use_id FOR UPDATE;
        WITH gone AS (
            DELETE FROM quota_reservations WHERE effect = p_effect AND quota = reserved.quota RETURNING amount)
        UPDATE quota_uses SET used = used - amount, changed_at = now() FROM gone WHERE id = reserved.use_id;
    END LOOP;
END $$;
