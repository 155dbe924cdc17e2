"""Screens that a network shows by itself: to whose phones, and how a phone that showed one is believed."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.phone import country_prefix, issued_prefixes
from models.messages import Channel, MessageState
from providers import messaging
from services.messages.outbox import record_progress

CONFIRMED_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Reach:
    """The phones that can be shown a screen: the networks, by their countries (none: everywhere), and the prefixes.

    `beside` are the prefixes of other networks that begin as ours do: the longest one says who issued a number.
    """

    networks: dict[str, frozenset[str]]
    prefixes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def holds(self, phone: str) -> bool:
        """Say whether a number, or its first signs, is of such a network."""
        return phone.startswith(self.prefixes) and not phone.startswith(self.beside)


def reach(session: Session) -> Reach:
    """Return which phones the active accounts can show a screen to."""
    rows = fetch_all(
        session,
        """
        select distinct r.country, a.settings ->> 'networks' as networks
        from provider_route r join provider_account a on a.id = r.account_id
        where r.method = 'ussd' and r.direction = 'send' and a.state = 'active' and a.adapter = any(%s)
          and (a.environment = 'live' or not exists (
            select 1 from provider_account l join provider_route lr on lr.account_id = l.id
            where l.environment = 'live' and l.state = 'active' and lr.method = r.method and lr.direction = 'send'))
        """,
        ([name for name, adapter in messaging.ADAPTERS.items() if adapter.channel == Channel.USSD],),
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for network in filter(None, (name.strip() for name in (row["networks"] or "").split(","))):
            found[network].add(row["country"])
    networks = {name: frozenset(() if "" in countries else countries) for name, countries in sorted(found.items())}
    ours = [prefix for name, countries in networks.items() for prefix in _prefixes(name, countries)]
    known = set(ours)
    beside = [other for other in issued_prefixes() if other not in known and other.startswith(tuple(ours))]
    return Reach(networks, tuple(sorted(ours)), tuple(sorted(beside)))


def confirm(session: Session, phone: str, octet: int | None) -> bool:
    """Note that a phone showed what was pushed to it a moment ago; twice, late or of nobody's it changes nothing.

    A network repeats one octet of ours, the last one of the message's id; some repeat none.
    """
    row = fetch_one(
        session,
        """
        select id from message
        where channel = 'ussd' and address = %(phone)s and state in ('sending', 'unknown', 'sent')
          and coalesce(sent_at, %(now)s) > %(now)s - %(within)s::interval
          and (%(octet)s::int is null or get_byte(uuid_send(id), 15) = %(octet)s::int)
        order by coalesce(sent_at, %(now)s) desc, id desc limit 1
        """,
        {"phone": phone, "octet": octet, "now": clock.now(), "within": CONFIRMED_WITHIN},
    )
    return row is not None and record_progress(session, row["id"], MessageState.DELIVERED, {"by": "ussn"})


def _prefixes(network: str, countries: frozenset[str]) -> list[str]:
    begins = tuple(country_prefix(country) for country in countries) or ("+",)
    return [
        prefix for prefix, issued_to in issued_prefixes().items() if issued_to == network and prefix.startswith(begins)
    ]
