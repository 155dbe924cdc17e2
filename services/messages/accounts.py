"""Which of our contracts carries a message, when it may, and where its reports come back."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.orders import is_storable
from core.phone import PhoneRefusal, issuer_of, normalise
from core.security import input_mac, is_same
from core.settings import get_settings
from models.messages import Channel
from models.transfers import AccountState, ProviderEnvironment
from providers import messaging
from providers.answers import Account
from services import provider_accounts

BURST_S = 1
KNOWN_S = 1.0
MOST_CALLS = 2
REPORT_SECRET = "report_secret"  # noqa: S105  # the name of one
STATUS_PATH = "/whatsapp/status"
REPORTS_BY_ADDRESS = frozenset({"kannel", "kannel_ussd", "twilio_sms"})


@dataclass(frozen=True, slots=True)
class Carrier:
    """The account a message would leave through; `rests_until` when the network asked for rest."""

    account_id: UUID
    rests_until: datetime | None


# A screen is shown by the network of its phone: an account pushes to those it names.
_ROUTES = r"""
select a.id, a.slowed_until
from provider_route r join provider_account a on a.id = r.account_id
where r.method = %(channel)s and r.direction = 'send' and r.country in (%(country)s, '') and a.state = 'active'
  and a.breaker = 'closed' and a.adapter = any(%(adapters)s)
  and (r.method <> 'ussd' or %(network)s = any(regexp_split_to_array(a.settings ->> 'networks', '\s*,\s*')))
  and (a.environment = 'live' or not exists (
    select 1 from provider_account l join provider_route lr on lr.account_id = l.id
    where l.environment = 'live' and l.state = 'active' and lr.method = r.method and lr.direction = 'send'))
order by a.slowed_until > %(now)s nulls first, r.country desc, r.rank, a.code limit 1
"""


def list_open_channels(session: Session) -> list[str]:
    """Return the channels that some active account serves: messages of the others wait, untouched."""
    rows = fetch_all(
        session,
        """
        select distinct r.method from provider_route r join provider_account a on a.id = r.account_id
        where r.direction = 'send' and a.state = 'active' and a.adapter = any(%s)
        """,
        ([*messaging.ADAPTERS],),
    )
    return [row["method"] for row in rows]


def find_carrier(session: Session, channel: Channel, address: str) -> Carrier | None:
    """Return the account that serves a channel where the address is; one at rest only when no other does."""
    names = [name for name, adapter in messaging.ADAPTERS.items() if adapter.channel == channel]
    now = clock.now()
    asked = {"channel": channel, "country": _country(channel, address), "network": issuer_of(address)}
    row = fetch_one(session, _ROUTES, asked | {"adapters": names, "now": now})
    if row is None:
        return None
    is_resting = row["slowed_until"] is not None and row["slowed_until"] > now
    return Carrier(row["id"], row["slowed_until"] if is_resting else None)


def carrier_of_reply(session: Session, message_id: UUID) -> Carrier | None:
    """Return the account over which a reply leaves, None while it is closed."""
    row = fetch_one(
        session,
        """
        select a.id, a.slowed_until from whatsapp_reply r join provider_account a on a.id = r.account_id
        where r.message_id = %s and a.state = 'active' and a.breaker = 'closed'
        """,
        (message_id,),
    )
    if row is None:
        return None
    is_resting = row["slowed_until"] is not None and row["slowed_until"] > clock.now()
    return Carrier(row["id"], row["slowed_until"] if is_resting else None)


def take_slot(session: Session, account_id: UUID) -> datetime:
    """Take the next moment at which an account may send; in the past when it is free, each taken once."""
    now = clock.now()
    taken = driver(session).execute(
        """
        update provider_account
        set next_send_at = greatest(next_send_at, %(start)s) + interval '1 second' / rate_per_s
        where id = %(id)s returning next_send_at
        """,
        {"start": now - timedelta(seconds=BURST_S), "id": account_id},
    )
    row = taken.fetchone()
    return row[0] if row else now


def is_busy(session: Session, account_id: UUID) -> bool:
    """Say whether enough calls of an account are under way: one that hangs must not hold every thread."""
    row = fetch_one(
        session,
        "select count(*) as calls from message where state = 'sending' and lease_until > %s and account_id = %s",
        (clock.now(), account_id),
    )
    return row is not None and row["calls"] >= MOST_CALLS


def report_url(account: Account, message_id: UUID) -> str:
    """Return where a network reports on a message: our own id stands in it, and a secret or its signature proves it."""
    base = get_settings().public_base_url.split(",")[0].strip().rstrip("/")
    if account.adapter == "twilio_whatsapp":
        return f"{base}{STATUS_PATH}?mid={message_id}"
    if account.adapter in REPORTS_BY_ADDRESS:
        return f"{base}/g/{account.code}/{report_secrets(account)[0]}?mid={message_id}"
    return ""


def report_secrets(account: Account) -> tuple[str, ...]:
    """Return what may stand in the address of an account's reports: its own secrets, else one made of our key."""
    made = input_mac("delivery reports", account.id.bytes).hex() + input_mac("of", account.id.bytes).hex()
    return account.secret_values(REPORT_SECRET) or (made,)


def find_by_address(session: Session, code: str, secret: str) -> Account | None:
    """Return the account an address of reports belongs to; an unknown code and a wrong secret look the same."""
    if not is_storable(code):
        return None
    row = fetch_one(
        session,
        "select id from provider_account where code = %s and state <> %s and adapter = any(%s)",
        (code, AccountState.RETIRED, [*messaging.ADAPTERS]),
    )
    if row is None:
        return None
    account = provider_accounts.view(session, row["id"])
    is_right = [is_same(secret, known) for known in report_secrets(account)]
    return account if any(is_right) else None


def list_accounts_of(session: Session, *adapters: str) -> list[Account]:
    """Return the accounts of some networks that may still hear from them, paused ones too.

    The secrets of fakes are no secrets: one that sleeps, or that stands beside real accounts, hears nothing, or any
    stranger could sign the STOP of a person in its name.
    """
    fakes = () if provider_accounts.is_any_live_active(session) else (AccountState.ACTIVE,)
    return [
        account
        for state in (AccountState.ACTIVE, AccountState.PAUSED)
        for account in provider_accounts.views_of(session, adapters, states=(state,))
        if account.environment != ProviderEnvironment.FAKE or state in fakes
    ]


def list_known(session: Session, *adapters: str) -> list[Account]:
    """Return what `list_accounts_of` does, as of a second ago at most: for doors where many knock."""
    kept = _known.setdefault(session.get_bind().engine, {})
    read_at, known = kept.get(adapters, (0.0, []))
    if time.monotonic() - read_at < KNOWN_S:
        return known
    known = list_accounts_of(session, *adapters)
    kept[adapters] = time.monotonic(), known
    return known


_known: WeakKeyDictionary[Engine, dict[tuple[str, ...], tuple[float, list[Account]]]] = WeakKeyDictionary()


def _country(channel: Channel, address: str) -> str:
    if channel not in {Channel.SMS, Channel.USSD, Channel.WHATSAPP}:
        return ""
    try:
        return normalise(address, None).country
    except PhoneRefusal:
        return ""
