"""The home page of whoever looks after the platform: what waits for him, today's figures, what just happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.i18n import t
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.rates import Rate
from models.approvals import DECIDERS
from reports import pension_waiting, usage
from reports.ciu import waiting as ciu_waiting
from reports.figures import Span, Today
from reports.ledger import FEES, MOVED, MOVEMENTS, OF_WALLETS, list_currencies
from reports.waiting import Waiting

HOURS = 24
MESSAGES_SINCE = timedelta(days=7)
GATEWAY_WINDOW = timedelta(minutes=5)
FEWEST_CALLS = 20  # fewer say nothing of a gateway
HIGHEST_ERROR_SHARE = 0.02
JOBS_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Tile:
    """Today's figure of one service: an amount when `currency` is set, else a count.

    `before` is last week's figure of the same day up to the same moment. `today` has no points after the present hour.
    """

    key: str
    value: int
    before: int
    today: tuple[int | None, ...]
    last_week: tuple[int, ...]
    currency: Currency | None = None

    @property
    def change(self) -> Rate:
        """The difference with last week, out of last week."""
        return Rate(self.value - self.before, self.before)


@dataclass(frozen=True, slots=True)
class Home:
    """What one person finds on his home page; money is shown in `currency`, one of `currencies`."""

    waiting: tuple[Waiting, ...]
    tiles: tuple[Tile, ...]
    currency: Currency | None
    currencies: tuple[Currency, ...]


@dataclass(frozen=True, slots=True)
class Books:
    """The last examination of the books: when, and which rules were broken."""

    checked_at: datetime | None
    broken: tuple[str, ...]

    @property
    def are_right(self) -> bool:
        """Whether an examination took place and found nothing."""
        return self.checked_at is not None and not self.broken


def get_home(session: Session, actor: Actor, zone: str, currency: Currency | None = None) -> Home:
    """Return the home page of this actor; money is in `currency`, else in the one most wallets are held in."""
    waiting = tuple(list_waiting(session, actor))
    currencies = tuple(list_currencies(session)) if actor.may(Permission.USSD_READ) else ()
    chosen = currency if currency in currencies else next(iter(currencies), None)
    tiles = list_tiles(session, actor, chosen, zone)
    return Home(waiting, tuple(tiles), chosen, currencies)


# What waits


def list_waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Return what needs this actor, most urgent first; nothing that needs nobody."""
    found: list[Waiting] = []
    if actor.may(Permission.HEALTH_READ):
        found += _broken_books(get_books(session))
    if actor.may(Permission.USSD_READ):
        found += _degraded_gateways(session)
    if actor.may(Permission.JOBS_READ):
        found += _stalled_jobs(session) + _failing_jobs(session)
    if actor.may(Permission.USSD_ACT):
        found += _unknown_operations(session)
    if actor.may(Permission.PAYMENTS_ACT):
        found += _unknown_transfers(session) + _open_cases(session)
    found += _asked_approvals(session, actor)
    if actor.may(Permission.PENSIONS_READ):
        found += pension_waiting.list_waiting(session, actor)
    found += ciu_waiting.list_waiting(session, actor)
    if actor.may(Permission.SUBSCRIBERS_WRITE):
        found += _locked_pins(session)
    if actor.may(Permission.OUTBOX_READ):
        found += _failed_messages(session)
    return found


def get_books(session: Session) -> Books:
    """Return the last finished examination of the books, and the alerts it wrote."""
    run = fetch_one(
        session,
        "select started_at, ended_at from job_run where job = 'books' and state = 'done'"
        " order by created_at desc limit 1",
    )
    if run is None:
        return Books(None, ())
    alerts = fetch_all(
        session,
        "select summary from audit_entry where action = 'books.broken' and created_at between %s and %s order by id",
        (run["started_at"], run["ended_at"]),
    )
    return Books(run["ended_at"], tuple(alert["summary"] for alert in alerts))


def _broken_books(books: Books) -> list[Waiting]:
    return [
        Waiting("books", "balance", "red", summary, t("Aucun mouvement ne se corrige à la main."), 1, books.checked_at)
        for summary in books.broken
    ]


def _degraded_gateways(session: Session) -> list[Waiting]:
    now = clock.now()
    gateways = usage.list_gateways(session, Span(now - GATEWAY_WINDOW, now))
    return [
        Waiting(
            "gateway",
            "cell_tower",
            "red",
            t("Passerelle {name}").format(name=gateway.name),
            t("{errors} échecs sur {turns} appels en 5 min").format(errors=gateway.errors, turns=gateway.turns),
            1,
        )
        for gateway in gateways
        if gateway.turns >= FEWEST_CALLS and (gateway.error_rate.value or 0) > HIGHEST_ERROR_SHARE
    ]


def _stalled_jobs(session: Session) -> list[Waiting]:
    row = fetch_one(
        session,
        """
        select count(*) as count, min(next_run_at) as since from job_schedule s
        where next_run_at < %s and not exists (select from job_run r where r.job = s.job and r.state = 'running')
        """,
        (clock.now() - JOBS_LATE,),
    )
    if row is None or not row["count"]:
        return []
    detail = t("Aucun processus ne les conduit.")
    return [Waiting("stalled", "schedule", "red", t("Tâches arrêtées"), detail, row["count"], row["since"])]


def _failing_jobs(session: Session) -> list[Waiting]:
    rows = fetch_all(
        session,
        """
        select s.title, r.summary, r.ended_at from job_schedule s
        cross join lateral (
            select state, summary, ended_at from job_run
            where job = s.job and state in ('done', 'failed') order by created_at desc limit 1
        ) r
        where r.state = 'failed' order by s.job
        """,
    )
    return [Waiting("job", "schedule", "red", t(row["title"]), row["summary"], 1, row["ended_at"]) for row in rows]


def _unknown_operations(session: Session) -> list[Waiting]:
    rows = fetch_all(
        session,
        "select currency, count(*) as count, sum(amount_minor)::bigint as amount, min(created_at) as since"
        # What went through a transfer waits as one; the condition is that of the index of open transfers.
        " from ussd_operation o where state = 'unknown' and not exists (select from transfer t"
        " where t.subject_id = o.id and t.purpose in ('recharge', 'withdrawal')"
        " and t.state in ('created', 'submitted', 'pending', 'unknown'))"
        " group by currency order by currency",
    )
    if not rows:
        return []
    count = sum(row["count"] for row in rows)
    return [
        Waiting(
            "unknown",
            "help",
            "ochre",
            t("Paiements au sort inconnu\u00a0: {count}").format(count=count),
            t("Ils seront interrogés, jamais renvoyés."),
            count,
            min(row["since"] for row in rows),
            tuple(Money(row["amount"], Currency(row["currency"])) for row in rows),
        )
    ]


def _asked_approvals(session: Session, actor: Actor) -> list[Waiting]:
    row = fetch_one(
        session,
        "select count(*) as count, min(created_at) as since, (array_agg(summary order by created_at))[1] as oldest"
        " from approval where state = 'waiting' and kind = any (%s) and asked_by is distinct from %s",
        ([kind for kind, permission in DECIDERS.items() if actor.may(permission)], actor.user_id),
    )
    if row is None or not row["count"]:
        return []
    title = t("Décisions à prendre à deux\u00a0: {count}").format(count=row["count"])
    return [Waiting("approvals", "approval_delegation", "accent", title, row["oldest"], row["count"], row["since"])]


def _unknown_transfers(session: Session) -> list[Waiting]:
    rows = fetch_all(
        session,
        "select currency, count(*) as count, sum(amount_minor)::bigint as amount, min(created_at) as since"
        " from transfer where state = 'unknown' group by currency order by currency",
    )
    count = sum(row["count"] for row in rows)
    title = t("Transferts au sort inconnu\u00a0: {count}").format(count=count)
    detail = t("L'opérateur est interrogé, rien n'est renvoyé.")
    return _held("transfers", "help", title, detail, rows)


def _open_cases(session: Session) -> list[Waiting]:
    rows = fetch_all(
        session,
        "select currency, count(*) as count, sum(amount_minor)::bigint as amount, min(created_at) as since"
        " from transfer_case where closed_at is null group by currency order by currency",
    )
    count = sum(row["count"] for row in rows)
    title = t("Dossiers de paiement à examiner\u00a0: {count}").format(count=count)
    return _held("cases", "fact_check", title, t("Argent tardif, écart ou contradiction."), rows)


def _held(kind: str, icon: str, title: str, detail: str, rows: list[dict[str, Any]]) -> list[Waiting]:
    """Say what waits, of all currencies in one line; the oldest of them dates it."""
    if not rows:
        return []
    amounts = tuple(
        Money(row["amount"], Currency(row["currency"])) for row in rows if row["amount"] and row["currency"]
    )
    since = min(row["since"] for row in rows)
    return [Waiting(kind, icon, "ochre", title, detail, sum(row["count"] for row in rows), since, amounts)]


def _locked_pins(session: Session) -> list[Waiting]:
    rows = fetch_all(
        session,
        "select trim(u.first_name || ' ' || u.last_name) as name, count(*) over () as count"
        " from pin_credential p join users u on u.id = p.user_id where p.needs_admin order by p.changed_at limit 3",
    )
    if not rows:
        return []
    count = rows[0]["count"]
    names = ", ".join(row["name"] for row in rows if row["name"])
    title = t("Codes secrets à débloquer\u00a0: {count}").format(count=count)
    return [Waiting("pins", "lock", "ochre", title, names, count)]


def _failed_messages(session: Session) -> list[Waiting]:
    row = fetch_one(
        session,
        "select count(*) as count, min(created_at) as since from message"
        " where state in ('failed', 'undelivered') and created_at > %s",
        (clock.now() - MESSAGES_SINCE,),
    )
    if row is None or not row["count"]:
        return []
    title = t("Messages non remis\u00a0: {count}").format(count=row["count"])
    return [Waiting("messages", "sms_failed", "ochre", title, t("sur 7 jours"), row["count"], row["since"])]


# Today's figures


def list_tiles(session: Session, actor: Actor, currency: Currency | None, zone: str) -> list[Tile]:
    """Return today's figures in `zone` against the same day last week, those this actor may see.

    Money moved and USSD sessions, registrations, fees, where there is a wallet; codes, where small figures may be read.
    """
    today = Today.read(zone)
    found: list[Tile] = []
    if currency is not None:
        found += _wallet_tiles(session, actor, currency, today)
    if actor.may(Permission.CIU_ACT) and fetch_one(session, "select 1 from ciu_record limit 1"):
        found.append(_codes_tile(session, today))
    return found


def _wallet_tiles(session: Session, actor: Actor, currency: Currency, today: Today) -> list[Tile]:
    found: list[Tile] = []
    if actor.may(Permission.USSD_READ):
        moved, fees = _money_tiles(session, currency, today)
        found += [moved, _sessions_tile(session, today)]
    if actor.may(Permission.SUBSCRIBERS_READ):
        found.append(_registrations_tile(session, today))
    if actor.may(Permission.USSD_READ) and actor.may(Permission.LEDGER_READ):
        found.append(fees)
    return found


def _codes_tile(session: Session, today: Today) -> Tile:
    rows = fetch_all(
        session,
        f"""
        select {_BUCKET.format(at="r.created_at")}, count(*) as total from ciu_record r
        where not r.is_test and r.forgotten_at is null and r.merged_into is null
          and {_WITHIN.format(at="r.created_at")} group by 1, 2, 3
        """,
        _dates(today),
    )
    return _tile("ciu", today, [(row, row["total"]) for row in rows])


def _money_tiles(session: Session, currency: Currency, today: Today) -> tuple[Tile, Tile]:
    rows = fetch_all(
        session,
        f"""
        select {_BUCKET.format(at="t.occurred_at")}, {MOVED} as moved, {FEES} as fees
        from {MOVEMENTS} where {OF_WALLETS} and {_WITHIN.format(at="t.occurred_at")}
        group by 1, 2, 3
        """,
        {**_dates(today), "currency": currency},
    )
    moved, fees = (_tile(key, today, [(row, row[key]) for row in rows], currency) for key in ("moved", "fees"))
    return moved, fees


def _registrations_tile(session: Session, today: Today) -> Tile:
    rows = fetch_all(
        session,
        f"""
        select {_BUCKET.format(at="w.created_at")}, count(*) as total
        from wallet w where {_WITHIN.format(at="w.created_at")} group by 1, 2, 3
        """,
        _dates(today),
    )
    return _tile("registrations", today, [(row, row["total"]) for row in rows])


def _sessions_tile(session: Session, today: Today) -> Tile:
    hours = usage.list_hours(session, Span(today.day.start, today.now))
    last_week = usage.list_hours(session, today.last_week)
    until_now = usage.list_hours(session, Span(today.last_week.start, today.same_moment))
    return Tile(
        key="sessions",
        value=sum(hour.sessions for hour in hours),
        before=sum(hour.sessions for hour in until_now),
        today=_until_now([hour.sessions for hour in hours], today),
        last_week=tuple(hour.sessions for hour in last_week),
    )


# The hour on the clocks of the zone, which of the two days, and whether it is before last week's same moment.
_BUCKET = """
    extract(hour from {at} at time zone %(zone)s)::int as hour, {at} >= %(today)s as is_today,
    {at} < %(same_moment)s as is_before
"""
_WITHIN = "({at} >= %(today)s and {at} <= %(now)s or {at} >= %(week_start)s and {at} < %(week_end)s)"


def _dates(today: Today) -> dict[str, Any]:
    return {
        "zone": today.zone,
        "now": today.now,
        "today": today.day.start,
        "week_start": today.last_week.start,
        "week_end": today.last_week.end,
        "same_moment": today.same_moment,
    }


def _tile(key: str, today: Today, rows: list[tuple[dict[str, Any], int]], currency: Currency | None = None) -> Tile:
    days = {True: [0] * HOURS, False: [0] * HOURS}
    for row, figure in rows:
        days[row["is_today"]][row["hour"]] += figure
    return Tile(
        key=key,
        value=sum(days[True]),
        before=sum(figure for row, figure in rows if row["is_before"]),
        today=_until_now(days[True], today),
        last_week=tuple(days[False]),
        currency=currency,
    )


def _until_now(figures: list[int], today: Today) -> tuple[int | None, ...]:
    """Leave the hours to come without a point."""
    lived = figures[: today.hour + 1]
    return (*lived, *[None] * (HOURS - len(lived)))
