"""Signing in through the organisation's own identity provider. It opens accounts that exist; it makes none."""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field
from sqlmodel import select

from core import clock
from core.database import Session, keep
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor
from core.security import UnreadableSecretError, is_same, new_token, open_secret, seal_secret
from core.settings import get_settings
from models.users import User, UserState
from providers import oidc
from providers.oidc import Client, Identity
from services import audit
from services.users.actors import himself
from services.users.consoles import open_console
from services.users.people import described, find_user, load_user
from services.users.refusals import AccessDenied, AccountClosed
from services.users.signing_in import SignedIn

RETURN_PATH = "/connexion/oidc/retour"
TICKET_LIFE = timedelta(minutes=10)
TICKET_CONTEXT = "oidc ticket"


class SingleSignOnOff(NotFound):
    """No identity provider is configured."""

    code = "oidc_absent"
    sentence = "Aucun fournisseur d'identité n'est configuré."


@dataclass(frozen=True, slots=True, repr=False)
class Departure:
    """Where to send the browser, and the sealed ticket to keep in its cookie until it comes back."""

    url: str
    ticket: str


class SingleSignOn(Order):
    """What came back from the issuer, with the ticket of the browser that left."""

    code: str = Field(repr=False)
    state: str = Field(repr=False)
    ticket: str = Field(repr=False)


def begin_single_sign_on() -> Departure:
    """Start: no database, but a call to the issuer when its addresses are not known yet."""
    state, nonce, verifier = new_token(), new_token(), secrets.token_urlsafe(64)
    url = oidc.authorization_url(_client(), state, nonce, verifier)
    ends_at = (clock.now() + TICKET_LIFE).timestamp()
    content = json.dumps({"state": state, "nonce": nonce, "verifier": verifier, "ends_at": ends_at})
    return Departure(url, base64.urlsafe_b64encode(seal_secret(content, TICKET_CONTEXT)).decode())


def exchange_code(order: SingleSignOn) -> Identity:
    """Finish with the issuer, outside any transaction; `AccessDenied` when this browser never left for it."""
    try:
        ticket = json.loads(open_secret(base64.urlsafe_b64decode(order.ticket), TICKET_CONTEXT))
    except (UnreadableSecretError, ValueError) as error:
        raise AccessDenied from error
    if not is_same(ticket["state"], order.state) or ticket["ends_at"] < clock.now().timestamp():
        raise AccessDenied
    return oidc.exchange(_client(), order.code, ticket["nonce"], ticket["verifier"])


def sign_in_single_sign_on(session: Session, identity: Identity, address: str, agent: str) -> SignedIn:
    """Open a console session for whom the issuer proved: known by his subject, or the first time by a proved e-mail."""
    by_subject = select(User).where(User.oidc_issuer == identity.issuer, User.oidc_subject == identity.subject)
    found = session.exec(by_subject).first()
    if found is None and identity.is_email_proved:
        found = find_user(session, identity.email, None)
        found = found if found is not None and found.oidc_subject is None else None
    if found is None:
        nobody = Actor(user_id=None, name=identity.issuer, address=address)
        audit.record(session, nobody, "user.sign_in", "user", summary="oidc", is_refusal=True)
        keep(session)
        raise AccessDenied
    user = load_user(session, found.id)
    if user.state != UserState.ACTIVE:
        raise AccountClosed
    user.oidc_issuer, user.oidc_subject = identity.issuer, identity.subject
    user.last_login_at, user.last_login_address = clock.now(), address
    session.add(user)
    audit.record(session, himself(user, address), "user.sign_in", "user", user.id, "oidc")
    return SignedIn(open_console(session, user, address, agent), described(session, user))


def _client() -> Client:
    settings = get_settings()
    if not settings.oidc_issuer or not settings.oidc_client_id:
        raise SingleSignOnOff
    return Client(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        redirect_uri=settings.public_base_url.rstrip("/") + RETURN_PATH,
    )
