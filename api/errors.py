"""Refusals on the wire: one class, three shapes.

`/api/v1` speaks as the tontine document does (`{detail, code, request_id, data, errors}`), `/api` as the pension
document does (`{detail, code}`, `{error, code}` for batches, `{field: [sentence]}` for forms), the rest plainly.
Programs read `code`. Nothing that was sent is ever repeated, and 500 always means a bug.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.shapes import instant
from api.wire import ROOT, TONTINES, Wire
from core.access_log import loggable_path
from core.errors import (
    Conflict,
    FieldRefusal,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSignedIn,
    Refusal,
    TooManyTries,
    Unavailable,
)
from core.i18n import t
from services import users

BATCHES = ("/api/bulk-transfers", "/api/transfers")

# Rooms whose refusals have the pension document's own codes; those of the others are translated below.
PENSIONS = ("services.pensions", "reports.pensions", "api.pensions")

# The pension document's word for each refusal; a class stands for those below it.
PENSION_CODES: dict[type[Refusal], str] = {
    users.BadCredentials: "bad_credentials",
    users.TotpRequired: "otp_required",
    users.RefreshReused: "token_reused",
    NotSignedIn: "token_not_valid",
    users.LinkInvalid: "token_not_valid",
    users.PasswordToChange: "password_change_required",
    Forbidden: "permission_denied",
    NotFound: "not_found",
    Conflict: "idempotency_conflict",
    TooManyTries: "throttled",
    Unavailable: "unavailable",
}
PENSION_FIELDS = {"phone": "phone_number"}
# What a refusal tells programs beside its code; the rest of its data is for its sentence.
PENSION_DATA = frozenset(
    {
        *("columns", "column", "line", "limit", "expected", "found", "required", "available", "missing"),
        *("file_id", "rows", "valid", "invalid", "errors", "errors_count", "totals"),
        *("bulkTransferId", "uploaded_by", "uploaded_at", "stage", "parameter", "see"),
    }
)

SENTENCES = {
    "missing": "champ obligatoire",
    "json_invalid": "JSON illisible",
    "string_too_short": "{min_length} caractères au moins",
    "string_too_long": "{max_length} caractères au plus",
    "enum": "valeur inconnue",
    "literal_error": "valeur inconnue",
    "greater_than_equal": "valeur hors des bornes",
    "less_than_equal": "valeur hors des bornes",
}

_log = structlog.get_logger(__name__)


class MethodNotAllowed(Refusal):
    """The path exists, for other methods."""

    code = "methode_non_permise"
    status = 405
    sentence = "Cette adresse ne connaît pas cette méthode."


class TooLarge(Refusal):
    """The body is larger than any honest one."""

    code = "trop_volumineux"
    status = 413
    sentence = "Demande trop volumineuse."


class Unreadable(Refusal):
    """The body is not what its type says."""

    code = "illisible"
    status = 400
    sentence = "Demande illisible."


class Defect(Refusal):
    """A bug of ours."""

    code = "interne"
    status = 500
    sentence = "Erreur de notre côté : réessayez avec la même clé."


STATUS_REFUSALS: dict[int, type[Refusal]] = {
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
}


def install(app: FastAPI) -> None:
    """Teach an application both contracts' refusals and put the wire's middleware before everything."""
    app.add_middleware(Wire)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for silent in (exc.OperationalError, exc.TimeoutError, psycopg.OperationalError):
        app.add_exception_handler(silent, _unavailable)
    app.add_exception_handler(Exception, _defect)


def refuse_unknown(app: FastAPI) -> None:
    """Answer every other path below `/api/` and `/ussd`, and every other method of theirs.

    Called after the last router, before the console is mounted on `/`: it would send a machine to its sign-in page.
    """

    def refuse(request: Request) -> None:
        known = [route for route in app.router.routes if route.matches(request.scope)[0] is Match.PARTIAL]
        raise MethodNotAllowed if known else NotFound

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
    for path in (ROOT + "{rest:path}", "/ussd", "/ussd/{rest:path}"):
        app.add_api_route(path, refuse, methods=methods, include_in_schema=False)


def render(request: Request, refusal: Refusal) -> JSONResponse:
    """Return a refusal in the shape of the contract that was asked."""
    path, status, headers = request.url.path, refusal.status, {"X-Request-ID": _request_id(request)}
    if status in {429, 503}:
        headers["Retry-After"] = str(refusal.data.get("secondes", 1))
    if status == 401:  # noqa: PLR2004  # HTTP's own numbers
        headers["WWW-Authenticate"] = "Bearer"
    if path.startswith(TONTINES):
        return JSONResponse(_tontine(request, refusal), status, headers)
    if not path.startswith(ROOT):
        return JSONResponse({"detail": str(refusal), "code": refusal.code}, status, headers)
    if isinstance(refusal, InvalidInput):
        fields = {PENSION_FIELDS.get(name, name): [sentence] for name, sentence in refusal.fields.items()}
        return JSONResponse(fields, 400, headers)
    if isinstance(refusal, FieldRefusal):
        return JSONResponse({PENSION_FIELDS.get(refusal.field, refusal.field): [str(refusal)]}, 400, headers)
    return JSONResponse(_pension(request, refusal), status, headers)


def _tontine(request: Request, refusal: Refusal) -> dict[str, Any]:
    body: dict[str, Any] = {"detail": str(refusal), "code": refusal.code, "request_id": _request_id(request)}
    if refusal.data:
        body["data"] = {
            name: value if isinstance(value, int | list | dict) else str(value) for name, value in refusal.data.items()
        }
    if isinstance(refusal, InvalidInput):
        body["errors"] = [
            {"field": f"body.{name}", "message": sentence, "type": "value_error"}
            for name, sentence in refusal.fields.items()
        ]
    return body


def _pension(request: Request, refusal: Refusal) -> dict[str, Any]:
    code = pension_code(refusal)
    if type(refusal) is NotSignedIn and "authorization" not in request.headers:
        code = "not_authenticated"
    if isinstance(refusal, NotSignedIn | Forbidden):
        body: dict[str, Any] = {"detail": str(refusal), "code": code}
        return body | ({"non_field_errors": [str(refusal)]} if isinstance(refusal, users.BadCredentials) else {})
    told = {name: value for name, value in refusal.data.items() if name in PENSION_DATA}
    return {
        _sentence_name(request): str(refusal),
        "code": code,
        **jsonable_encoder(told, custom_encoder={datetime: instant}),
    }


def pension_code(refusal: Refusal) -> str:
    """Return the pension document's word for a refusal."""
    for kind in type(refusal).__mro__:
        if kind in PENSION_CODES:
            return PENSION_CODES[kind]
        if kind.__module__.startswith(PENSIONS) and "code" in vars(kind):
            return str(refusal.code)
    return refusal.code


def _sentence_name(request: Request) -> str:
    return "error" if request.url.path.startswith(BATCHES) else "detail"


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)  # noqa: S101  # registered for this class
    return render(request, error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # idem
    problems = [(*_place(problem["loc"]), _sentence(problem), problem["type"]) for problem in error.errors()]
    path = request.url.path
    if path.startswith(TONTINES):
        refusal = InvalidInput({})
        errors = [
            {"field": f"{place}.{name}".rstrip("."), "message": sentence, "type": kind}
            for place, name, sentence, kind in problems
        ]
        return JSONResponse(_tontine(request, refusal) | {"errors": errors}, refusal.status)
    if not path.startswith(ROOT):
        details = [
            {"loc": [place, *filter(None, name.split("."))], "msg": sentence, "type": kind}
            for place, name, sentence, kind in problems
        ]
        return JSONResponse({"detail": details}, 422)
    place, name, sentence, kind = problems[0]
    if place != "body":
        content = {_sentence_name(request): sentence, "code": "bad_parameter", "parameter": name}
        return JSONResponse(content, 400)
    if kind == "json_invalid" or not name:
        return JSONResponse({_sentence_name(request): sentence, "code": "bad_json"}, 400)
    fields: dict[str, list[str]] = {}
    for _, name, sentence, _ in problems:
        fields.setdefault(name, []).append(sentence)
    return JSONResponse(fields, 400)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # idem
    return render(request, STATUS_REFUSALS.get(error.status_code, Unreadable)())


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    _log.warning("api.unavailable", path=loggable_path(request.url.path), error=type(error).__name__)
    return render(request, Unavailable())


async def _defect(request: Request, error: Exception) -> JSONResponse:
    path = loggable_path(request.url.path)
    _log.error("api.defect", path=path, request_id=_request_id(request), error=type(error).__name__)
    return render(request, Defect())


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _place(loc: tuple[Any, ...]) -> tuple[str, str]:
    """Return where a wrong value stood (`body`, `query`, …) and the dotted name of its field."""
    place, *names = map(str, loc)
    return place, ".".join(name for name in names if not name.isdigit() or place != "body")


def _sentence(problem: Mapping[str, Any]) -> str:
    """Say what is wrong with a field, never what it was."""
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind == "value_error":
        return str(context["error"])
    return t(SENTENCES.get(kind, "valeur invalide")).format_map(context)
