"""`POST /api/v1/ussd/orders`: a shop's own system writes the orders people follow from their phone."""

from typing import Any

from fastapi import APIRouter, Response

from api.deps import SignedIn
from api.shapes import instant
from core.errors import InvalidInput
from core.money import Currency, Money
from services import orders
from services.orders import OrderSource, PutOrder, Written

router = APIRouter(prefix="/api/v1/ussd/orders", tags=["ussd: orders"])


@router.post("", summary="Write or update an order by its reference")
@router.post("/", include_in_schema=False)
def put_order(order: PutOrder, door: SignedIn) -> Response:
    """Write an order, or bring the one of this reference up to date; an `Idempotency-Key` makes repeating it safe."""
    if (fault := orders.find_fault(order)) is not None:
        raise InvalidInput({"amount": fault})
    return door.answer(lambda session: orders.put_order(session, door.actor, order, OrderSource.API), _shape)


def _shape(written: Written) -> dict[str, Any]:
    amount = written.amount_minor
    return {
        "id": str(written.id),
        "reference": written.reference,
        "phone": written.phone,
        "status": written.status,
        "amount": None if amount is None else Money(amount, Currency(written.currency)).plain,
        "currency": written.currency.value,
        "note": written.note,
        "updated_at": instant(written.updated_at),
        "created": written.is_new,
    }
