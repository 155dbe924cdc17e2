"""The accounts an organisation pays from."""

from fastapi import APIRouter, Response

from api.deps import SignedIn
from api.pensions import shapes
from api.pensions.parameters import require_reader
from core.database import Session
from services.pensions import accounts, oversight
from services.pensions.accounts import AccountRow

router = APIRouter(prefix="/api/accounts", tags=["pensions: accounts"])


@router.get("")
def list_accounts(door: SignedIn) -> Response:
    """Return the organisation's payer accounts with their money, as the ledger has it."""
    require_reader(door.actor)

    def read(session: Session) -> list[AccountRow]:
        oversight.note_list(session, door.actor)
        return accounts.list_accounts(session, door.actor)

    return door.answer(read, lambda rows: [shapes.account(row) for row in rows])
