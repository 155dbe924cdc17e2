"""Organisations, as the pension document lists them."""

from fastapi import APIRouter, Response

from api.deps import SignedIn
from api.shapes import organisation
from services import organisations

router = APIRouter(prefix="/api/organizations", tags=["pensions: organisations"])


@router.get("")
def list_organisations(door: SignedIn) -> Response:
    """Return all active organisations to an administrator, one's own to the others, as an array."""
    return door.answer(
        lambda session: organisations.list_organisations(session, door.actor),
        lambda rows: [organisation(row) for row in rows],
    )
