"""Browsers that a person lets us notify: which ones may be, what each gives us, and how they are forgotten.

A browser gives the address we shall call: only those of the known push services are taken (`providers.messaging`),
here and again at each push.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import Field

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.ids import new_id
from core.orders import Order
from core.permissions import Actor
from models.transfers import ProviderEnvironment
from providers.answers import Account
from providers.messaging import web_push
from services import audit, provider_accounts
from services.messages.preferences import himself

MOST_BROWSERS = 10
LONGEST_ENDPOINT = 1_000


class PushIsClosed(Refusal):
    """No active account can push to browsers."""

    code = "notifications_fermees"
    status = 409
    sentence = "Les notifications du navigateur ne sont pas ouvertes ici."


class BrowserRefused(Refusal):
    """The address is none of a known push service, or the keys are none."""

    code = "navigateur_refuse"
    status = 422
    sentence = "Ce navigateur ne passe par aucun service de notifications connu."


class TooManyBrowsers(Refusal):
    """A person has as many browsers as anybody needs."""

    code = "trop_de_navigateurs"
    status = 409
    sentence = "{plus} navigateurs au plus : retirez-en un d'abord."


class SubscribePush(Order):
    """What a browser gives when its owner lets us notify it."""

    endpoint: str = Field(max_length=LONGEST_ENDPOINT)
    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)
    label: str = Field(default="", max_length=100)


class UnsubscribePush(Order):
    """One browser of one's own."""

    browser_id: UUID


@dataclass(frozen=True, slots=True)
class BrowserRow:
    """One browser of a person; its address and keys are nobody's business."""

    id: UUID
    since: datetime
    label: str


@dataclass(frozen=True, slots=True)
class PushDoor:
    """What a browser needs to subscribe; `is_fake` when only the browsers of the simulator can."""

    public_key: str
    is_fake: bool


def subscribe_push(session: Session, actor: Actor, order: SubscribePush) -> BrowserRow:
    """Remember a browser of one's own; one that is known changes hands to who uses it now."""
    user_id = himself(actor)
    account = _find_account(session)
    if account is None:
        raise PushIsClosed
    if not web_push.is_service(account, order.endpoint) or not web_push.is_readable(order.p256dh, order.auth):
        raise BrowserRefused
    driver(session).execute("select 1 from users where id = %s for no key update", (user_id,))  # one count at a time
    others = fetch_one(
        session,
        "select count(*) as many from push_subscription where user_id = %s and endpoint <> %s",
        (user_id, order.endpoint),
    )
    if others is not None and others["many"] >= MOST_BROWSERS:
        raise TooManyBrowsers(plus=MOST_BROWSERS)
    row = _save(session, user_id, order)
    audit.record(session, actor, "user.push_on", "user", user_id, order.label)
    return row


def unsubscribe_push(session: Session, actor: Actor, order: UnsubscribePush) -> None:
    """Forget a browser of one's own."""
    user_id = himself(actor)
    row = fetch_one(
        session,
        "delete from push_subscription where id = %s and user_id = %s returning label",
        (order.browser_id, user_id),
    )
    if row is None:
        raise NotFound(thing="push_subscription")
    audit.record(session, actor, "user.push_off", "user", user_id, row["label"])


def forget_browsers(session: Session, endpoints: tuple[str, ...]) -> None:
    """Forget browsers whose service says that they are gone."""
    if endpoints:
        driver(session).execute("delete from push_subscription where endpoint = any(%s)", ([*endpoints],))


# Reads


def get_push_door(session: Session, actor: Actor) -> PushDoor | None:
    """Return what browsers subscribe with; None where no active account can push."""
    himself(actor)
    account = _find_account(session)
    if account is None:
        return None
    return PushDoor(web_push.public_key(account), account.environment == ProviderEnvironment.FAKE)


def list_browsers(session: Session, actor: Actor) -> list[BrowserRow]:
    """Return one's own browsers, the newest first."""
    rows = fetch_all(
        session,
        "select id, created_at, label from push_subscription where user_id = %s order by created_at desc, id desc",
        (himself(actor),),
    )
    return [BrowserRow(row["id"], row["created_at"], row["label"]) for row in rows]


def find_browser(session: Session, actor: Actor, endpoint: str) -> UUID | None:
    """Return which of one's own browsers has this address, if any."""
    row = fetch_one(
        session, "select id from push_subscription where user_id = %s and endpoint = %s", (himself(actor), endpoint)
    )
    return row["id"] if row else None


def _find_account(session: Session) -> Account | None:
    """Return the active account with a key, as routes choose: a live one is never passed over for a fake."""
    able = [one for one in provider_accounts.views_of(session, (web_push.ADAPTER.name,)) if web_push.public_key(one)]
    return next((one for one in able if one.environment == ProviderEnvironment.LIVE), able[0] if able else None)


def _save(session: Session, user_id: UUID, order: SubscribePush) -> BrowserRow:
    row = fetch_one(
        session,
        """
        insert into push_subscription (id, created_at, user_id, endpoint, keys, label)
        values (%(id)s, %(now)s, %(user)s, %(endpoint)s,
            jsonb_build_object('p256dh', %(p256dh)s::text, 'auth', %(auth)s::text), %(label)s)
        on conflict (endpoint) do update set
            user_id = excluded.user_id, keys = excluded.keys, label = excluded.label, failed_at = null
        returning id, created_at, label
        """,
        {"id": new_id(), "now": clock.now(), "user": user_id, **order.model_dump()},
    )
    if row is None:
        raise NotFound(thing="push_subscription")
    return BrowserRow(row["id"], row["created_at"], row["label"])
