"""The part of the HTTP API that operators use."""

from typing import Any
from uuid import UUID

from server.cli.api import Api
from server.engine.actions import Action, Scope
from server.http.intervention_models import Outcome, Results, Stop
from server.http.models import Incident, IncidentGroup, IncidentStatus, Page
from server.http.policy_models import PolicyExplanation
from server.http.quota_models import QuotaUse

BULK_TIMEOUT_S = 300.0  # for a thousand interventions


class OperatorApi(Api):
    """A connection to one server, on behalf of an operator."""

    def list_incidents(
        self, *, limit: int, status: IncidentStatus, process: str | None, group: str | None
    ) -> Page[Incident]:
        """Return the newest incidents of one status, over as many pages of the API as that takes."""
        filters = {"status": status, "process": process, "group": group}
        return self._list(Page[Incident], "/v1/incidents", limit=limit, filters=filters)

    def list_incident_groups(self, *, limit: int, process: str | None) -> Page[IncidentGroup]:
        params = {"limit": str(min(limit, self._page_limit))} | ({"process": process} if process else {})
        return self._get(Page[IncidentGroup], "/v1/incidents/groups", params=params)

    def get_incident(self, id_: UUID) -> Incident:
        return self._get(Incident, f"/v1/incidents/{id_}")

    def intervene(self, case_id: UUID, action: Action, body: dict[str, Any]) -> Outcome:
        return self._read(Outcome, self._send("POST", f"/v1/cases/{case_id}/{action}", json=body))

    def intervene_many(self, body: dict[str, Any]) -> Results:
        return self._read(Results, self._send("POST", "/v1/interventions", json=body, timeout=BULK_TIMEOUT_S))

    def list_stops(self, *, limit: int, released: bool) -> Page[Stop]:
        return self._list(Page[Stop], "/v1/stops", limit=limit, filters={"released": str(released).lower()})

    def list_quotas(self, *, limit: int, quota: str | None) -> Page[QuotaUse]:
        return self._list(Page[QuotaUse], "/v1/quotas", limit=limit, filters={"quota": quota})

    def explain(self, body: dict[str, Any]) -> PolicyExplanation:
        return self._read(PolicyExplanation, self._send("POST", "/v1/policy/explain", json=body))

    def stop(self, scope: Scope, value: str, *, reason: str) -> Stop:
        body = {"scope": scope, "value": value, "reason": reason}
        return self._read(Stop, self._send("POST", "/v1/stops", json=body))

    def release(self, stop_id: UUID, *, reason: str) -> Stop:
        return self._read(Stop, self._send("POST", f"/v1/stops/{stop_id}/release", json={"reason": reason}))
