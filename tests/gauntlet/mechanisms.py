"""What takes one mechanism out, as SQL for the database of one run: no switch in the host does it.

A trial without the mechanism must see violations; one that does not would see none at all.
"""

# No claim raises the attempt any more: every attempt of a case is the current one.
FENCE = """
CREATE FUNCTION gauntlet.keep_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.attempt := OLD.attempt;
    RETURN NEW;
END $$;
CREATE TRIGGER gauntlet_keep_attempt BEFORE UPDATE OF attempt ON cases FOR EACH ROW
    WHEN (OLD.attempt > 0) EXECUTE FUNCTION gauntlet.keep_attempt();
"""

# No intent and no receipt is kept: to each attempt every effect is new.
LEDGER = """
CREATE FUNCTION gauntlet.forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER gauntlet_forget BEFORE INSERT ON effects FOR EACH ROW EXECUTE FUNCTION gauntlet.forget();
"""

# Not in the database: the model works in the usual loop, without a plan, at a door that asks for no witness.
PLAN = "SELECT 'no plan and no witness'"

# For seconds an answered review stays open and its case goes on waiting, and a case takes any number
# of runs: whatever else would notice the second answer is taken out too.
COMPARE_AND_SET = """
CREATE FUNCTION gauntlet.stay_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.opened_at > now() - interval '3 seconds' THEN
        NEW.status := 'open';
        NEW.answered_at := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER gauntlet_stay_open BEFORE UPDATE ON reviews FOR EACH ROW EXECUTE FUNCTION gauntlet.stay_open();

CREATE FUNCTION gauntlet.stay_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.status := 'waiting';
    RETURN NEW;
END $$;
CREATE TRIGGER gauntlet_stay_waiting BEFORE UPDATE ON cases FOR EACH ROW
    WHEN (OLD.status = 'waiting' AND NEW.status = 'running'
          AND current_setting('application_name') LIKE 'api-%')
    EXECUTE FUNCTION gauntlet.stay_waiting();
DROP INDEX runs_one_active;
"""
