"""One paused account of each kind of gateway, so that an operator sees what he may connect."""

from sqlmodel import select

from channels.ussd.profiles import BUILT_IN
from core.database import Session
from core.security import digest_token, new_token
from models.ussd import SwitchState, UssdGateway, UssdRoute, UssdService

DOCUMENTED = frozenset({"doc_a", "doc_b"})
CODES = {"kannel_sms": "8080"}
COUNTRIES = {"orange_xhtml": "CI", "mtn_madapi": "CI", "kannel_sms": "CM", "kannel_ussd": "CM", "infobip": "CM"}


def open_paused(session: Session, country: str) -> None:
    """Open an account of every profile but the two that serve `/ussd`; nobody knows their secrets."""
    wallet = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
    for name, contract in BUILT_IN.items():
        if name in DOCUMENTED:
            continue
        account = UssdGateway(
            key=f"essai-{name.replace('_', '-')}",
            name=contract.profile.title,
            profile=name,
            country=COUNTRIES.get(name, country),
            secret_digests=[digest_token(new_token())],
            default_service_id=wallet.id,
            state=SwitchState.STOPPED,
        )
        session.add(account)
        session.flush()
        session.add(UssdRoute(gateway_id=account.id, code=CODES.get(name, "*155#"), service_id=wallet.id))
