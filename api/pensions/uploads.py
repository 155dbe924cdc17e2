"""A file of pensions comes in: examined whole, and either a batch, a draft to look at, or every reason why not."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from api.deps import Door, current_actor, idempotency_key
from api.pensions.forms import FileForm, drain, file_form
from api.pensions.parameters import BadParameter
from api.pensions.reading import ROOT
from core.database import get_database
from core.errors import Forbidden
from core.permissions import Actor, Permission, Scope
from models.pension_stages import Rail
from services import idempotency
from services.pensions import accounts, batches
from services.pensions.batches import Previewed, UploadBatch, Uploaded
from services.pensions.shapes import BatchRow

T = TypeVar("T")

IGNORED = "callback_url"
PIECE_BYTES = 1 << 20
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "payer_account": {"type": "string"},
                        "cycle": {"type": "string", "example": "2025-12"},
                        "on_error": {"type": "string", "enum": ["refuse", "split"]},
                        "expected_count": {"type": "integer"},
                        "expected_total": {"type": "integer"},
                        "allow_same_person": {"type": "boolean"},
                        "not_before": {"type": "string", "format": "date-time"},
                        "rail": {"type": "string", "enum": [str(rail) for rail in Rail]},
                    },
                }
            }
        },
    }
}

router = APIRouter(prefix=ROOT, tags=["pensions: batches"])

# Who waits for one of the two places of a process waits in a thread of these, not in one that others need.
_examiners = CapacityLimiter(64)


@router.post("", openapi_extra=FORM)
async def upload(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> Response:
    """Take a file and reserve its money: it goes to the queue, or to who must approve it."""

    def accept(order: UploadBatch, form: FileForm) -> dict[str, Any]:
        done = batches.upload(get_database(), actor, order, form.file)
        return _uploaded(done, form)

    return await _receive(request, actor, accept)


@router.post("/preview", openapi_extra=FORM)
async def preview(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> Response:
    """Take a file as a draft, wrong rows and all: nothing is reserved and nobody claimed."""

    def accept(order: UploadBatch, form: FileForm) -> dict[str, Any]:
        done = batches.preview(get_database(), actor, order, form.file)
        return _previewed(done, form)

    return await _receive(request, actor, accept)


async def _receive(
    request: Request, actor: Actor, accept: Callable[[UploadBatch, FileForm], dict[str, Any]]
) -> Response:
    key = idempotency_key(request)
    organisations = _organisations(actor)
    if not organisations:
        await drain(request)
        raise Forbidden(required=Permission.PENSIONS_WRITE.value)
    async with file_form(request) as form:

        def work() -> Response:
            door = Door(actor, request.headers.get("user-agent", ""), key, _content(request, form) if key else b"")
            order = _order(form, _tenant(organisations, form.text("payer_account")))
            return door.answer_long(lambda: accept(order, form), lambda written: written)

        return await to_thread.run_sync(work, limiter=_examiners)


def _order(form: FileForm, organisation_id: UUID) -> UploadBatch:
    rail = form.text("rail")
    try:
        return UploadBatch(
            organisation_id=organisation_id,
            file_name=form.file_name,
            payer_account=form.text("payer_account"),
            cycle=form.text("cycle"),
            on_error=form.one_of("on_error", "refuse", "split"),
            expected_count=form.integer("expected_count"),
            expected_total=form.integer("expected_total"),
            allow_same_person=form.boolean("allow_same_person"),
            not_before=form.start("not_before"),
            rail=Rail(form.one_of("rail", *Rail)) if rail else None,
        )
    except ValidationError as error:
        raise BadParameter(parameter=str(error.errors()[0]["loc"][0])) from error


def _organisations(actor: Actor) -> list[UUID]:
    """Return the organisations in which the actor may send."""
    return [
        grant.organisation_id
        for grant in actor.grants
        if grant.scope is Scope.ORGANISATION
        and grant.organisation_id is not None
        and actor.may(Permission.PENSIONS_WRITE, grant.organisation_id)
    ]


def _tenant(organisations: list[UUID], payer_account: str) -> UUID:
    """Return in whose name a file comes: for who manages several, that of the account it names, else the first."""
    if len(organisations) > 1 and payer_account:
        with get_database().transaction() as session:
            for organisation_id in organisations:
                if accounts.find_by_code(session, organisation_id, payer_account) is not None:
                    return organisation_id
    return organisations[0]


def _content(request: Request, form: FileForm) -> bytes:
    """Return the digest of what a form asks, however its parts are separated."""
    digest = hashlib.sha256()
    while piece := form.file.read(PIECE_BYTES):
        digest.update(piece)
    form.file.seek(0)
    words = sorted(form.words.items())
    return idempotency.digest_content(request.method, request.url.path, form.file_name, digest.digest(), repr(words))


def _accepted(batch: BatchRow, form: FileForm, skipped: int, warnings: tuple[Any, ...]) -> dict[str, Any]:
    ignored = [{"code": "callback_url_ignored"}] if IGNORED in form.words else []
    return {
        "bulkTransferId": batch.bulk_id,
        "state": batch.state,
        "stage": batch.stage,
        "file_id": str(batch.file_id),
        "total": batch.total.count,
        "total_amount": batch.total.amount_minor,
        "currency": batch.currency,
        "skipped": skipped,
        "warnings": [*(warning.as_dict() for warning in warnings), *ignored],
        "seal": batch.seal or None,
    }


def _uploaded(done: Uploaded, form: FileForm) -> dict[str, Any]:
    return _accepted(done.batch, form, done.skipped, done.warnings)


def _previewed(done: Previewed, form: FileForm) -> dict[str, Any]:
    return {
        **_accepted(done.batch, form, done.file.invalid, done.warnings),
        "valid": done.file.valid,
        "invalid": done.file.invalid,
        "errors": list(done.errors),
        "errors_count": done.errors_count,
        "totals": done.totals,
    }
