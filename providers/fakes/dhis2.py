"""The fake of DHIS2: its tracker API on loopback, with jobs that take their time and reports that get lost.

`plays` says what goes wrong next, operation by operation (`validate`, `commit`, `report`, `entity`, `find`, `list`):
`lost` (nothing was received), `silent` (it was done, nobody answers), `401`, `500`; for a commit also `forgotten` (its
report never comes) and `slow` (it comes after 40 s). They are asked for with `POST /_play {"plays": [[…, …], …]}`.
"""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from providers.fakes.base import Call, Dropped, Fake, route
from providers.fakes.kernel import Kernel

NAME = "dhis2"
VERSION = "2.42.1"
JOB_TAKES = timedelta(seconds=3)
SLOW_JOB_TAKES = timedelta(seconds=40)
NOT_UNIQUE, NO_UNIT = "E1064", "E1049"
OK, UNAUTHORISED, NOT_FOUND, CONFLICT, BROKEN = 200, 401, 404, 409, 500


@dataclass
class Job:
    """An import under way: what its report will say, and when."""

    ready_at: datetime
    report: dict[str, Any]
    is_forgotten: bool = False


@dataclass
class Books:
    """What the server holds: entities by uid, who has which value, and jobs."""

    entities: dict[str, dict[str, Any]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    plays: deque[tuple[str, str]] = field(default_factory=deque)
    writes: dict[str, int] = field(default_factory=dict)


class Dhis2Fake(Fake):
    """One server with one unique attribute; any type, attribute and unit are its own."""

    name = NAME
    codes = ()

    def __init__(self) -> None:
        self.books = Books()
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget every entity and job."""
        self.books = Books()

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the calls of the tracker API that are made of it."""

        def at(path: str, handler: Any, method: str, operation: str = "") -> Route:
            return route(path, lambda call: self._answer(kernel, call, handler, operation), method)

        return [
            at("/api/system/info", self._info, "GET"),
            at("/api/tracker", self._import, "POST"),
            at("/api/tracker/jobs/{id}/report", self._report, "GET", "report"),
            at("/api/tracker/trackedEntities/{uid}", self._entity, "GET", "entity"),
            at("/api/tracker/trackedEntities", self._list, "GET"),
            route("/_play", self._play),
        ]

    def give(self, uid: str, code: str, attribute: str, created_at: datetime) -> None:
        """Let the server hold an entity that somebody else made."""
        self._keep({"trackedEntity": uid, "attributes": [{"attribute": attribute, "value": code}]}, created_at)

    def _answer(self, kernel: Kernel, call: Call, handler: Any, operation: str) -> Response:
        expected = f"ApiToken {kernel.secret(NAME, 'api_token')}"
        if call.headers.get("authorization") != expected:
            return _says(UNAUTHORISED, "Unauthorized")
        with self._lock:
            what = self._next_play(operation or self._operation_of(call))
            if what == "lost":
                raise Dropped
            if what in {"401", "500"}:
                return _says(int(what), "Unauthorized" if what == "401" else "Internal Server Error")
            answer: Response = handler(kernel, call, what)
        if what == "silent":
            raise Dropped
        return answer

    def _operation_of(self, call: Call) -> str:
        if call.method == "POST":
            return call.query.get("importMode", "COMMIT").lower()
        return "find" if "filter" in call.query else "list" if "page" in call.query else ""

    def _next_play(self, operation: str) -> str:
        plays = self.books.plays
        if plays and plays[0][0] == operation:
            return plays.popleft()[1]
        return ""

    def _play(self, call: Call) -> Response:
        self.books.plays.extend((str(one[0]), str(one[1])) for one in call.document().get("plays", ()))
        return JSONResponse({"plays": len(self.books.plays)})

    def _info(self, _kernel: Kernel, _call: Call, _what: str) -> Response:
        return JSONResponse({"version": VERSION, "systemName": "DHIS2 (fictif)"})

    def _import(self, kernel: Kernel, call: Call, what: str) -> Response:
        entities = call.document().get("trackedEntities")
        if not isinstance(entities, list) or not entities:
            return _says(400, "Bad Request")
        errors = {one["uid"]: one for one in self._faults(entities)}
        is_checked = call.query.get("importMode") == "VALIDATE"
        if not is_checked:
            for entity in entities:
                if entity["trackedEntity"] not in errors:
                    self._keep(entity, kernel.now())
        report = _report_of(len(entities), [*errors.values()])
        if call.query.get("async", "true") == "false":
            return JSONResponse(report, CONFLICT if errors else OK)
        job_id = f"job{len(self.books.jobs):08d}"
        takes = SLOW_JOB_TAKES if what == "slow" else JOB_TAKES
        self.books.jobs[job_id] = Job(kernel.now() + takes, report, is_forgotten=what == "forgotten")
        location = f"{call.root}/api/tracker/jobs/{job_id}"
        response = {"responseType": "TrackerJob", "id": job_id, "location": location}
        return JSONResponse(
            {"httpStatus": "OK", "httpStatusCode": OK, "status": "OK", "message": "Tracker job added"}
            | {"response": response}
        )

    def _faults(self, entities: list[dict[str, Any]]) -> list[dict[str, str]]:
        faults, seen = [], dict[str, str]()
        for entity in entities:
            uid, value = entity["trackedEntity"], _value(entity)
            owner = self.books.owners.get(value) or seen.get(value)
            if owner not in {None, uid}:
                message = f"Non-unique attribute value `{value}` for attribute"
                faults.append(_fault(uid, NOT_UNIQUE, message))
            elif not entity.get("orgUnit"):
                faults.append(_fault(uid, NO_UNIT, "Could not find OrganisationUnit"))
            seen.setdefault(value, uid)
        return faults

    def _keep(self, entity: dict[str, Any], at: datetime) -> None:
        uid = entity["trackedEntity"]
        known = self.books.entities.get(uid, {})
        self.books.entities[uid] = {**entity, "createdAt": known.get("createdAt", at.isoformat())}
        self.books.owners[_value(entity)] = uid
        self.books.writes[uid] = self.books.writes.get(uid, 0) + 1

    def _report(self, kernel: Kernel, call: Call, _what: str) -> Response:
        job = self.books.jobs.get(call.params["id"])
        if job is None or job.is_forgotten or kernel.now() < job.ready_at:
            return _says(NOT_FOUND, "Not Found")
        return JSONResponse(job.report)

    def _entity(self, _kernel: Kernel, call: Call, _what: str) -> Response:
        entity = self.books.entities.get(call.params["uid"])
        return _says(NOT_FOUND, "Not Found") if entity is None else JSONResponse(entity)

    def _list(self, _kernel: Kernel, call: Call, _what: str) -> Response:
        found = list(self.books.entities.values())
        _, _, value = call.query.get("filter", "").partition(":eq:")
        if value:
            found = [entity for entity in found if _value(entity) == value]
        page, size = int(call.query.get("page", "1")), int(call.query.get("pageSize", "50"))
        return JSONResponse({"pager": {"page": page}, "trackedEntities": found[(page - 1) * size : page * size]})


def _value(entity: dict[str, Any]) -> str:
    attributes = entity.get("attributes") or [{}]
    return str(attributes[0].get("value", ""))


def _fault(uid: str, code: str, message: str) -> dict[str, str]:
    return {"message": message, "errorCode": code, "trackerType": "TRACKED_ENTITY", "uid": uid}


def _report_of(total: int, errors: list[dict[str, str]]) -> dict[str, Any]:
    stats = {"created": total - len(errors), "updated": 0, "deleted": 0, "ignored": len(errors), "total": total}
    return {
        "status": "ERROR" if errors else "OK",
        "validationReport": {"errorReports": errors, "warningReports": []},
        "stats": stats,
    }


def _says(status: int, words: str) -> Response:
    body = {"httpStatus": words, "httpStatusCode": status, "status": "ERROR", "message": words}
    return Response(json.dumps(body), status, media_type="application/json")


FAKES = (Dhis2Fake,)
