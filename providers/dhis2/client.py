"""The tracker API of DHIS2 over HTTP. Nothing raises for what the network does; nothing is tried twice here.

`async` is sent with every import: it is DHIS2's own default, and the answer of one is not that of the other.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from providers.dhis2.shapes import (
    Check,
    Entity,
    ErrorReport,
    Found,
    Job,
    Known,
    Listed,
    Page,
    Place,
    Report,
    Trouble,
    TroubleKind,
)
from providers.instants import parse_instant
from providers.wire import Answered, Silence, Wire

OK, UNAUTHORISED, FORBIDDEN, NOT_FOUND, CONFLICT = 200, 401, 403, 404, 409
PAGE_SIZE = 100
READ_TIMEOUT_S = 30.0

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIGNS = _LETTERS + "0123456789"
_UID_LENGTH = 11


class Dhis2:
    """One server, as one round of calls sees it."""

    def __init__(self, place: Place, wire: Wire | None = None) -> None:
        self._place = place
        self.wire = wire or Wire()
        self.wire.hide(place.token)

    def probe(self) -> str | Trouble:
        """Return the version of the server: it answers, and the token opens it."""
        answer = self._call("probe", "GET", "/api/system/info")
        if isinstance(answer, Trouble):
            return answer
        version = answer.document().get("version")
        return str(version) if answer.status == OK and version else _unclear(answer)

    def validate(self, entities: Sequence[Entity]) -> Check | Trouble:
        """Ask what DHIS2 has against a batch, without keeping anything of it."""
        answer = self._import("validate", entities, mode="VALIDATE", is_async=False)
        if isinstance(answer, Trouble):
            return answer
        document = answer.document()
        if answer.status not in {OK, CONFLICT} or "validationReport" not in document:
            return _unclear(answer)
        return Check(_errors(document))

    def load(self, entities: Sequence[Entity]) -> Job | Trouble:
        """Have a batch imported; the answer is the job that will."""
        answer = self._import("load", entities, mode="COMMIT", is_async=True)
        if isinstance(answer, Trouble):
            return answer
        response = answer.document().get("response")
        job_id = response.get("id") if isinstance(response, dict) else None
        return Job(str(job_id)) if answer.status == OK and job_id else _unclear(answer)

    def report(self, job_id: str) -> Report | Trouble | None:
        """Return what became of a job; None while it is not ready, and when DHIS2 has forgotten it."""
        answer = self._call("report", "GET", f"/api/tracker/jobs/{job_id}/report")
        if isinstance(answer, Trouble):
            return answer
        if answer.status == NOT_FOUND:
            return None
        document = answer.document()
        if answer.status not in {OK, CONFLICT} or document.get("status") not in {"OK", "WARNING", "ERROR"}:
            return _unclear(answer)
        return Report(str(document["status"]), _errors(document))

    def knows(self, uid: str) -> Known | Trouble:
        """Say whether an entity of this uid is there."""
        answer = self._call("entity", "GET", f"/api/tracker/trackedEntities/{uid}", query={"fields": "trackedEntity"})
        if isinstance(answer, Trouble):
            return answer
        if answer.status == NOT_FOUND:
            return Known(is_there=False)
        is_there = answer.status == OK and answer.document().get("trackedEntity") == uid
        return Known(is_there=True) if is_there else _unclear(answer)

    def find(self, code: str) -> Found | Trouble:
        """Return who has a code."""
        query = {**self._whole(), "filter": f"{self._place.attribute}:eq:{code}", "fields": "trackedEntity"}
        answer = self._call("find", "GET", "/api/tracker/trackedEntities", query=query)
        if isinstance(answer, Trouble):
            return answer
        rows = _rows(answer)
        if rows is None:
            return _unclear(answer)
        return Found(tuple(str(row.get("trackedEntity", "")) for row in rows))

    def list_page(self, number: int) -> Page | Trouble:
        """Return a page of the entities of the type, the first being 1."""
        query = {
            **self._whole(),
            "fields": "trackedEntity,createdAt,attributes[attribute,value]",
            "order": "createdAt:asc",
            "page": str(number),
            "pageSize": str(PAGE_SIZE),
        }
        answer = self._call("list", "GET", "/api/tracker/trackedEntities", query=query)
        if isinstance(answer, Trouble):
            return answer
        rows = _rows(answer)
        if rows is None:
            return _unclear(answer)
        return Page(tuple(map(self._listed, rows)), is_last=len(rows) < PAGE_SIZE)

    def _whole(self) -> dict[str, str]:
        return {"trackedEntityType": self._place.entity_type, "orgUnitMode": "ACCESSIBLE"}

    def _listed(self, row: Mapping[str, Any]) -> Listed:
        values = {
            one.get("attribute"): one.get("value") for one in row.get("attributes") or () if isinstance(one, dict)
        }
        return Listed(
            uid=str(row.get("trackedEntity", "")),
            code=str(values.get(self._place.attribute) or ""),
            created_at=parse_instant(row.get("createdAt")),
        )

    def _import(self, operation: str, entities: Sequence[Entity], *, mode: str, is_async: bool) -> Answered | Trouble:
        query = {
            "async": str(is_async).lower(),
            "importMode": mode,
            "importStrategy": "CREATE_AND_UPDATE",
            "atomicMode": "OBJECT",
        }
        document = {"trackedEntities": [entity_of(self._place, entity) for entity in entities]}
        return self._call(operation, "POST", "/api/tracker", query=query, document=document)

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> Answered | Trouble:
        answer = self.wire.call(
            operation,
            method,
            f"{self._place.base_url.rstrip('/')}{path}",
            headers={"Authorization": f"ApiToken {self._place.token}", "Accept": "application/json"},
            query=query,
            document=document,
            read_timeout_s=READ_TIMEOUT_S,
        )
        if isinstance(answer, Silence):
            return Trouble(TroubleKind.SILENT, answer.is_sent, answer.error_kind)
        if answer.status in {UNAUTHORISED, FORBIDDEN}:
            return Trouble(TroubleKind.REFUSED, is_sent=False, detail=str(answer.status))
        return answer


def entity_of(place: Place, entity: Entity) -> dict[str, Any]:
    """Return a code as a tracked entity: its uid, its unit, the code and its day, and nothing of a person."""
    day = entity.day.isoformat()
    enrollment = {
        "enrollment": enrollment_of(entity.uid),
        "program": place.program,
        "orgUnit": place.org_unit,
        "enrolledAt": day,
        "occurredAt": day,
        "status": "ACTIVE",
    }
    return {
        "trackedEntity": entity.uid,
        "trackedEntityType": place.entity_type,
        "orgUnit": place.org_unit,
        "createdAtClient": day,
        "attributes": [{"attribute": place.attribute, "value": entity.code}],
        "enrollments": [enrollment] if place.program else [],
    }


def enrollment_of(uid: str) -> str:
    """Return the uid of an entity's enrollment: always the same, so that sending twice enrols once."""
    number = int.from_bytes(hashlib.sha256(f"enrollment:{uid}".encode()).digest())
    signs = [_LETTERS[number % len(_LETTERS)]]
    for _ in range(_UID_LENGTH - 1):
        number //= len(_SIGNS)
        signs.append(_SIGNS[number % len(_SIGNS)])
    return "".join(signs)


def _rows(answer: Answered) -> list[dict[str, Any]] | None:
    """Return the entities of a list: under `trackedEntities`, or `instances` before 2.41."""
    document = answer.document()
    rows = document.get("trackedEntities", document.get("instances"))
    if answer.status != OK or not isinstance(rows, list):
        return None
    return [row for row in rows if isinstance(row, dict)]


def _errors(document: Mapping[str, Any]) -> tuple[ErrorReport, ...]:
    report = document.get("validationReport")
    errors = report.get("errorReports") if isinstance(report, dict) else None
    return tuple(
        ErrorReport(str(one.get("uid") or ""), str(one.get("errorCode") or ""), str(one.get("message") or ""))
        for one in errors or ()
        if isinstance(one, dict)
    )


def _unclear(answer: Answered) -> Trouble:
    return Trouble(TroubleKind.UNCLEAR, is_sent=True, detail=str(answer.status))
