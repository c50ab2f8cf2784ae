"""The judges: each looks at plain data and names every violation; docs/faults.md says what I1 to I6 are."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise

from evidence import Evidence, Row
from history import History
from supervisor import Death

RESTING = {"waiting", "suspended", "incident", "succeeded", "failed", "cancelled"}
OVER = {"succeeded", "failed", "cancelled"}


@dataclass(frozen=True)
class Violation:
    """One way in which an invariant did not hold."""

    invariant: str
    what: str


@dataclass(frozen=True)
class Allowed:
    """What a fault may lead to: incidents, and of which systems, named by the contract class."""

    incidents: frozenset[str] = frozenset({"blind"})


def judge(history: History, evidence: Evidence, allowed: Allowed) -> list[Violation]:
    """Ask every judge, after the system has come to rest."""
    return [
        *accepted_work_survives(history, evidence),
        *one_writer(evidence),
        *effect_once(evidence),
        *one_decision(history, evidence),
        *nothing_is_lost(evidence, allowed),
        *audit_is_complete(evidence),
    ]


def accepted_work_survives(history: History, evidence: Evidence) -> Iterator[Violation]:
    """I1: a start or an answer that was acknowledged is there, and one key has one case."""
    cases = {case["id"]: case for case in evidence.cases}
    of_reference = Counter(case["input"].get("reference") for case in evidence.cases)
    for start in history.of("start", "ok"):
        case = cases.get(start.answer.get("id", ""))
        if case is None or case["input"].get("reference") != start.subject:
            yield Violation("I1", f"the accepted start of {start.subject} is gone")
    for reference, count in of_reference.items():
        if count > 1:
            yield Violation("I1", f"{reference} was started {count} times")
    reviews = {review["id"]: review for review in evidence.reviews}
    for answer in history.of("answer", "ok"):
        review = reviews.get(answer.subject)
        if review is None or review["status"] != "answered":
            yield Violation("I1", f"the accepted answer to review {answer.subject} is gone")


def one_writer(evidence: Evidence) -> Iterator[Violation]:
    """I2: nobody but the process that made the latest claim of a case writes for it."""
    claims = _by_case(evidence.claims)
    for write in evidence.writes:
        earlier = [claim["writer"] for claim in claims[write["case_id"]] if claim["at"] <= write["at"]]
        owner = earlier[-1] if earlier else None
        if write["writer"].startswith("worker") and write["writer"] != owner:
            what = f"{write['writer']} wrote {write['place']} of case {write['case_id']}, which is {owner}'s"
            yield Violation("I2", what)


def effect_once(evidence: Evidence) -> Iterator[Violation]:
    """I3: one order has at most one row in the other system."""
    for system, rows in evidence.applied.items():
        for reference, count in Counter(row["reference"] for row in rows).items():
            if count > 1:
                yield Violation("I3", f"{reference} was applied {count} times by {system}")


def one_decision(history: History, evidence: Evidence) -> Iterator[Violation]:
    """I4: of all answers to a review one was accepted, and it is the one that the review names."""
    accepted = defaultdict(list)
    for answer in history.of("answer", "ok"):
        accepted[answer.subject].append(answer.detail.get("actor"))
    reviews = {review["id"]: review for review in evidence.reviews}
    for review_id, actors in accepted.items():
        if len(actors) > 1:
            yield Violation("I4", f"review {review_id} accepted {len(actors)} answers, by {actors}")
        named = reviews.get(review_id, {}).get("answered_by")
        if named not in actors:
            yield Violation("I4", f"review {review_id} names {named}, but {actors} had the 200")


def nothing_is_lost(evidence: Evidence, allowed: Allowed) -> Iterator[Violation]:
    """I5: every case rests where somebody or something looks after it, and what it says it did was done."""
    open_reviews = {review["case_id"] for review in evidence.reviews if review["status"] == "open"}
    for case in evidence.cases:
        reference, system = case["input"].get("reference"), case["input"].get("system")
        status = case["status"]
        if status not in RESTING:
            yield Violation("I5", f"case {case['id']} ({reference}) is still {status}")
        elif status == "waiting" and case["id"] not in open_reviews:
            yield Violation("I5", f"case {case['id']} ({reference}) waits for nothing")
        elif status == "incident" and system not in allowed.incidents:
            yield Violation("I5", f"case {case['id']} ({reference}) is an incident: {_told(case)}")
    yield from _successes_without_effect(evidence)


def _successes_without_effect(evidence: Evidence) -> Iterator[Violation]:
    rejected = {review["case_id"] for review in evidence.reviews if _rejects(review)}
    applied = {system: {row["reference"] for row in rows} for system, rows in evidence.applied.items()}
    for case in evidence.cases:
        reference, system = case["input"].get("reference"), case["input"].get("system")
        if case["status"] != "succeeded" or case["id"] in rejected or system not in applied:
            continue
        if reference not in applied[system]:
            yield Violation("I3", f"{reference} succeeded, and {system} knows nothing of it")


def audit_is_complete(evidence: Evidence) -> Iterator[Violation]:
    """I6: every row outside, every start, answer and end has its entry, and each end exactly one."""
    said = Counter((entry["action"], entry["object"]) for entry in evidence.audit)
    keys = {effect["key"] for effect in evidence.effects}
    for system, rows in evidence.applied.items():
        for row in rows:
            if row["key"] not in keys or not said["effect_intended", f"effect/{row['key']}"]:
                yield Violation("I6", f"{row['reference']} stands in {system} and in no audit entry")
    expected = [("case_started", f"case/{case['id']}") for case in evidence.cases]
    expected += [("case_succeeded", f"case/{c['id']}") for c in evidence.cases if c["status"] == "succeeded"]
    for action, object_ in expected:
        if said[action, object_] != 1:
            yield Violation("I6", f"{object_} has {said[action, object_]} entries {action}")
    for review in evidence.reviews:
        if review["status"] == "answered" and not said["review_answered", f"review/{review['id']}"]:
            yield Violation("I6", f"review {review['id']} was answered without an entry")


def takeover_times(evidence: Evidence, deaths: Iterable[Death]) -> list[float]:
    """I11: for each run that a worker's death interrupted, the seconds until another one claimed it."""
    died = {death.name: death.at for death in deaths}
    ends = defaultdict(list)
    for run in evidence.runs:
        if run["ended_at"]:
            ends[run["case_id"]].append(run["ended_at"].timestamp())
    times = []
    consecutive = chain.from_iterable(map(pairwise, _by_case(evidence.claims).values()))
    for before, after in consecutive:
        killed_at = died.get(before["writer"])
        began, resumed = _seconds(before["at"]), _seconds(after["at"])
        if killed_at is None or not began < killed_at < resumed:
            continue
        if not any(began < end < resumed for end in ends[before["case_id"]]):
            times.append(resumed - killed_at)
    return times


def _by_case(claims: list[Row]) -> dict[str, list[Row]]:
    """The claims of each case, in the order in which they were made."""
    by_case: dict[str, list[Row]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim["at"]):
        by_case[claim["case_id"]].append(claim)
    return by_case


def _seconds(at: datetime) -> float:
    return at.timestamp()


def _rejects(review: Row) -> bool:
    return isinstance(review["answer"], dict) and review["answer"].get("approved") is False


def _told(case: Row) -> str:
    return str((case["error"] or {}).get("message", "without a reason"))
