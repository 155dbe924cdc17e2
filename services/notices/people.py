"""Who gets a notice, set-based: the audience of `users`, or the list of numbers kept beside the notice."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.gsm7 import count_segments, fold
from core.phone import HEAD, issuer_of
from models.notices import Notice
from services.audiences import Audience, condition_of
from services.messages.flash import Reach, reach

PRICED_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NetworkPreview:
    """What one network would carry. The cost is what a part cost there lately; None where none was paid yet.

    `flashes` are people who would see a screen instead of an SMS.
    """

    network: str
    people: int
    opted_out: int
    parts: int
    cost_minor: int | None
    currency: str
    flashes: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """How many people a notice would reach, and what it would weigh, by network."""

    people: int
    opted_out: int
    parts: int
    networks: tuple[NetworkPreview, ...]
    flashes: int = 0


def audience_of(notice: Notice) -> Audience:
    """Return whom a notice is for."""
    return Audience.model_validate(notice.audience)


def chosen(notice: Notice) -> tuple[str, dict[str, Any]]:
    """Return the query of `phone, user_id, language` of everybody meant, and its parameters."""
    audience = audience_of(notice)
    if audience.kind == "numbers":
        query = (
            "select n.phone, u.id as user_id, coalesce(u.language, %(default)s) as language"
            " from notice_number n left join users u on u.phone = n.phone and u.state = 'active'"
            " where n.notice_id = %(notice)s"
        )
        return query, {"notice": notice.id, "default": notice.default_language}
    condition, values = condition_of(audience)
    return f"select u.phone, u.id as user_id, u.language from users u where {condition}", values


def count_people(session: Session, notice: Notice) -> int:
    """Return how many people are meant."""
    query, values = chosen(notice)
    found = fetch_one(session, f"select count(*) as people from ({query}) chosen", values)
    return int(found["people"]) if found else 0


def preview_of(session: Session, notice: Notice) -> Preview:
    """Count people, parts and cost by network; who asked for no SMS is counted apart and costs nothing."""
    screens = reach(session) if notice.has_flash else Reach({})
    parts_of = {language: count_segments(fold(text)) for language, text in notice.texts.items() if text}
    people, out, parts, flashes = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row in _counted(session, notice):
        network = issuer_of(row["head"])
        people[network] += row["people"]
        if row["is_out"]:
            out[network] += row["people"]
        elif screens.holds(row["head"]) and not row["is_without_screens"]:
            flashes[network] += row["people"]
        elif notice.has_sms:
            weight = parts_of.get(row["language"], parts_of.get(notice.default_language, 0))
            parts[network] += row["people"] * weight
    prices = _prices(session)
    networks = tuple(
        NetworkPreview(
            name, people[name], out[name], parts[name], *_cost(prices.get(name), parts[name]), flashes=flashes[name]
        )
        for name, _ in people.most_common()
    )
    return Preview(people.total(), out.total(), parts.total(), networks, flashes.total())


def _counted(session: Session, notice: Notice) -> list[dict[str, Any]]:
    """Return how many people begin with the same signs, speak one language and take the same channels."""
    query, values = chosen(notice)
    return fetch_all(
        session,
        f"""
        select left(c.phone, {HEAD}) as head, c.language, coalesce(s.is_out, false) as is_out,
               coalesce(s.is_without_screens, false) as is_without_screens, count(*) as people
        from ({query}) c
        left join (
            select address, bool_or(channel = 'sms') as is_out, bool_or(channel = 'ussd') as is_without_screens
            from suppression where channel in ('sms', 'ussd') and ended_at is null group by address
        ) s on s.address = c.phone
        group by 1, 2, 3, 4
        """,
        values,
    )


def _cost(price: tuple[float, str] | None, parts: int) -> tuple[int | None, str]:
    return (round(price[0] * parts), price[1]) if price else (None, "")


def _prices(session: Session) -> dict[str, tuple[float, str]]:
    """Return what one part cost on each network lately, in the currency that was paid most."""
    rows = fetch_all(
        session,
        f"""
        select left(address, {HEAD}) as head, cost_currency as currency,
               sum(cost_minor)::float8 as cost, sum(segments)::float8 as parts
        from message where channel = 'sms' and cost_minor > 0 and segments > 0 and sent_at >= %s group by 1, 2
        """,
        (clock.now() - PRICED_FOR,),
    )
    paid: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        total = paid.setdefault((issuer_of(row["head"]), row["currency"]), [0.0, 0.0])
        total[0] += row["cost"]
        total[1] += row["parts"]
    best: dict[str, tuple[float, str]] = {}
    for (network, currency), (cost, parts) in sorted(paid.items(), key=lambda each: each[1][1]):
        best[network] = (cost / parts, currency)
    return best
