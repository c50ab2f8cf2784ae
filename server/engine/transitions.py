"""Which intervention a case admits where it stands: the one table."""

from server.engine.actions import Action
from server.errors import IllegalTransition, RevisionMismatch
from server.storage.cases import Case

LEGAL: dict[Action, frozenset[str]] = {
    "retry": frozenset({"incident"}),
    "edit": frozenset({"waiting", "suspended", "incident"}),
    "skip": frozenset({"waiting", "suspended", "incident"}),
    "cancel": frozenset({"running", "waiting", "suspended", "incident"}),
    "suspend": frozenset({"running", "waiting", "incident"}),
    "resume": frozenset({"suspended"}),
}


def check_transition(case: Case, action: Action, *, expected_revision: int | None) -> None:
    """Let the action on if the case is as the caller saw it and admits it.

    Raises:
        RevisionMismatch: the case was changed since.
        IllegalTransition: it stands where this is not possible; the message names where.
    """
    if expected_revision is not None and expected_revision != case.revision:
        raise RevisionMismatch(
            f"case {case.id} is at revision {case.revision}, not {expected_revision}",
            field="expected_revision",
        )
    if case.status not in LEGAL[action]:
        raise IllegalTransition(f"case {case.id} is {case.status}: {action} is not possible")
