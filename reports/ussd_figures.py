"""USSD in figures over any period and cut, from the hourly roll-ups (`docs/ussd.md`, 13); every rate with its whole.

A period means the sessions begun in its whole hours, simulator and test sessions apart; figures say as of when.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.rates import Rate
from models.ussd_figures import ANSWER_BUCKETS, WAIT_BUCKETS
from reports.figures import Span
from reports.histograms import ANSWERS, WAITS, Histogram
from reports.usage import HOUR, Hour

# Each way to cut: what a row is called and what it is.
BY = {
    "service": ("v.key", "v.name"),
    "version": ("c.version_id::text", "v.name || ' ' || f.number"),
    "gateway": ("g.key", "g.name"),
    "network": ("c.network || case when c.is_estimated then '~' else '' end", "c.network"),
    "language": ("c.language", "c.language"),
    "hour": ("to_char(c.hour at time zone %(zone)s, 'HH24')", "''"),
    "day": ("to_char(c.hour at time zone %(zone)s, 'YYYY-MM-DD')", "''"),
}
_CHOSEN = """
    from ussd_figure_cell c join ussd_service v on v.id = c.service_id join ussd_gateway g on g.id = c.gateway_id
    join flow_version f on f.id = c.version_id
    where c.hour >= date_trunc('hour', %(start)s::timestamptz) and c.hour < %(end)s
      and (%(service)s = '' or v.key = %(service)s) and (%(version)s = '' or c.version_id::text = %(version)s)
      and (%(gateway)s = '' or g.key = %(gateway)s) and (%(network)s = '' or c.network = %(network)s)
      and (%(language)s = '' or c.language = %(language)s)
      and (%(hour)s = '' or to_char(c.hour at time zone %(zone)s, 'HH24') = %(hour)s)
"""
_SUMS = """
    coalesce(sum(c.started), 0)::bigint as started, coalesce(sum(c.open), 0)::bigint as open,
    coalesce(sum(c.completed), 0)::bigint as completed, coalesce(sum(c.ended), 0)::bigint as ended,
    coalesce(sum(c.dropped), 0)::bigint as dropped, coalesce(sum(c.failed), 0)::bigint as failed
"""


_SILENT: dict[str, Any] = {
    **dict.fromkeys(("sessions", "turns", "errors", "refusals", "response_time_us"), 0),
    "answer": (0,) * ANSWER_BUCKETS,
}


@dataclass(frozen=True, slots=True)
class Cut:
    """What is looked at: an empty word means all; `hour` is `00` to `23` in `zone`, `version` the id of one."""

    service: str = ""
    version: str = ""
    gateway: str = ""
    network: str = ""
    language: str = ""
    hour: str = ""
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Standing:
    """How sessions stand; `started` is the sum of the five others."""

    started: int
    open: int
    completed: int
    ended: int
    dropped: int
    failed: int

    @property
    def completion(self) -> Rate:
        """Completed out of those that are over."""
        return Rate(self.completed, self.started - self.open)


@dataclass(frozen=True, slots=True)
class Reason:
    """How many sessions ended (`ended`, `failed`) for this reason, or reached (`completed`) this goal."""

    kind: str
    code: str
    number: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What the gateways that give a cost say their sessions cost; None per session when none of them completed."""

    currency: str
    amount: Decimal
    completed: int
    coverage: Rate

    @property
    def per_completed(self) -> Decimal | None:
        """The cost of one completed session."""
        return self.amount / self.completed if self.completed else None


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole of what was chosen; `as_of` is None where nothing was ever counted."""

    as_of: datetime | None
    standing: Standing
    resumed: int
    reasons: tuple[Reason, ...]
    turns: int
    answer: Histogram
    errors: Rate
    late: Rate
    refusals: Rate
    replays: Rate
    conflicts: Rate
    stale: Rate
    busy: Rate
    disagreement: Rate
    costs: tuple[Cost, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: who saw it, who dropped there, how long an answer took, what was refused by outcome."""

    screen: str
    seen: int
    dropped: int
    position: float
    waits: Histogram
    inputs: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def drop_off(self) -> Rate:
        """Sessions dropped with it as last screen out of those that saw it."""
        return Rate(self.dropped, self.seen)

    @property
    def invalid(self) -> Rate:
        """Refused inputs out of the inputs on it."""
        return Rate(sum(self.refused.values()), self.inputs)


@dataclass(frozen=True, slots=True)
class Slice:
    """One row of a cut; a network told by the number's prefix alone is estimated."""

    key: str
    name: str
    is_estimated: bool
    standing: Standing
    errors: Rate
    answer: Histogram


@dataclass(frozen=True, slots=True)
class Step:
    """Inputs given on one screen and answered by another."""

    screen: str
    next_screen: str
    refusal: str
    number: int


def get_as_of(session: Session) -> datetime | None:
    """Return when the figures were last counted."""
    row = fetch_one(session, "select max(counted_at) as at from ussd_figure_hour")
    return row["at"] if row else None


def get_overview(session: Session, span: Span, cut: Cut) -> Overview:
    """Return every figure of the whole."""
    chosen = _arguments(span, cut)
    row = fetch_one(
        session,
        f"""
        select {_SUMS}, coalesce(sum(c.resumed), 0)::bigint as resumed, coalesce(sum(c.turns), 0)::bigint as turns,
            coalesce(sum(c.replays), 0)::bigint as replays, coalesce(sum(c.conflicts), 0)::bigint as conflicts,
            coalesce(sum(c.refusals), 0)::bigint as refusals, coalesce(sum(c.errors), 0)::bigint as errors,
            coalesce(sum(c.late), 0)::bigint as late, coalesce(sum(c.reported), 0)::bigint as reported,
            coalesce(sum(c.disagreed), 0)::bigint as disagreed, {_sum_of("c.answer_times", ANSWER_BUCKETS)} as answer,
            array_agg(distinct c.gateway_id) as gateways
        {_CHOSEN}
        """,
        chosen,
    )
    assert row is not None  # noqa: S101  # an aggregate always returns one row
    unserved = _count_unserved(session, span, row["gateways"] or [])
    requests = row["turns"] + row["replays"] + row["conflicts"] + sum(unserved.values())
    standing = _standing(row)
    return Overview(
        as_of=get_as_of(session),
        standing=standing,
        resumed=row["resumed"],
        reasons=tuple(_list_reasons(session, chosen)),
        turns=row["turns"],
        answer=Histogram(ANSWERS, tuple(row["answer"])),
        errors=Rate(row["errors"], row["turns"]),
        late=Rate(row["late"], row["turns"]),
        refusals=Rate(row["refusals"], row["turns"]),
        replays=Rate(row["replays"], requests),
        conflicts=Rate(row["conflicts"], requests),
        stale=Rate(unserved.get("stale", 0), requests),
        busy=Rate(unserved.get("busy", 0), requests),
        disagreement=Rate(row["disagreed"], row["reported"]),
        costs=tuple(_list_costs(session, chosen, standing.started)),
    )


def list_slices(session: Session, span: Span, cut: Cut, by: str) -> list[Slice]:
    """Return what was chosen, cut by one of `BY`; days and hours in their order, the others the largest first."""
    key, name = BY[by]
    rows = fetch_all(
        session,
        f"""
        select {key} as key, min({name}) as name, {_SUMS}, sum(c.turns)::bigint as turns,
            sum(c.errors)::bigint as errors, {_sum_of("c.answer_times", ANSWER_BUCKETS)} as answer
        {_CHOSEN} group by 1 order by {"1" if by in {"hour", "day"} else "started desc, 1"}
        """,
        _arguments(span, cut),
    )
    return [
        Slice(
            key=row["key"],
            name=row["name"] or row["key"].removesuffix("~"),
            is_estimated=row["key"].endswith("~"),
            standing=_standing(row),
            errors=Rate(row["errors"], row["turns"]),
            answer=Histogram(ANSWERS, tuple(row["answer"])),
        )
        for row in rows
    ]


def list_hours(session: Session, span: Span) -> list[tuple[Hour, Histogram]]:
    """Return every hour that begins in the period, up to the present one, with how long its answers took.

    A session and its turns belong to the hour in which it began.
    """
    rows = fetch_all(
        session,
        f"""
        select c.hour, sum(c.started)::bigint as sessions, sum(c.turns)::bigint as turns,
            sum(c.errors)::bigint as errors, sum(c.refusals)::bigint as refusals,
            sum(c.response_time_us)::bigint as response_time_us, {_sum_of("c.answer_times", ANSWER_BUCKETS)} as answer
        {_CHOSEN} group by c.hour
        """,
        _arguments(span, Cut()),
    )
    counted = {row.pop("hour"): row for row in rows}
    at, hours = span.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0), []
    while at < min(span.end, clock.now()):
        row = dict(counted.get(at, _SILENT))
        answer = Histogram(ANSWERS, tuple(row.pop("answer")))
        hours.append((Hour(at=at, **row), answer))
        at += HOUR
    return hours


def list_screens(session: Session, span: Span, cut: Cut) -> list[Screen]:
    """Return the screens in the order in which they are reached."""
    rows = fetch_all(
        session,
        f"""
        select s.screen, sum(s.seen)::bigint as seen, sum(s.dropped)::bigint as dropped,
            sum(s.position)::float / nullif(sum(s.seen), 0) as position, {_sum_of("s.waits", WAIT_BUCKETS)} as waits
        from ussd_figure_screen s join (select c.id {_CHOSEN}) chosen on chosen.id = s.cell_id
        group by s.screen order by position, s.screen
        """,
        _arguments(span, cut),
    )
    inputs: dict[str, int] = {}
    refused: dict[str, dict[str, int]] = {}
    for step in list_steps(session, span, cut):
        inputs[step.screen] = inputs.get(step.screen, 0) + step.number
        if step.refusal:
            by_outcome = refused.setdefault(step.screen, {})
            by_outcome[step.refusal] = by_outcome.get(step.refusal, 0) + step.number
    return [
        Screen(
            **{**row, "waits": Histogram(WAITS, tuple(row["waits"]))},
            inputs=inputs.get(row["screen"], 0),
            refused=refused.get(row["screen"], {}),
        )
        for row in rows
    ]


def list_steps(session: Session, span: Span, cut: Cut) -> list[Step]:
    """Return the inputs by screen, by the screen that answered and by outcome."""
    rows = fetch_all(
        session,
        f"""
        select s.screen, s.next_screen, s.refusal, sum(s.number)::bigint as number
        from ussd_figure_step s join (select c.id {_CHOSEN}) chosen on chosen.id = s.cell_id
        group by 1, 2, 3 order by number desc, 1, 2, 3
        """,
        _arguments(span, cut),
    )
    return [Step(**row) for row in rows]


def list_paths(session: Session, span: Span, cut: Cut) -> list[tuple[list[str], int]]:
    """Return the ways people went, each screen where it was first seen, with how many sessions went each."""
    rows = fetch_all(
        session,
        f"""
        select p.screens, gone.number from (
            select w.path_id, sum(w.number)::bigint as number
            from ussd_figure_path w join (select c.id {_CHOSEN}) chosen on chosen.id = w.cell_id group by 1
        ) gone join ussd_path p on p.id = gone.path_id order by gone.number desc
        """,
        _arguments(span, cut),
    )
    return [(row["screens"], row["number"]) for row in rows]


def _list_reasons(session: Session, chosen: dict[str, Any]) -> list[Reason]:
    rows = fetch_all(
        session,
        f"""
        select e.kind, e.code, sum(e.number)::bigint as number
        from ussd_figure_end e join (select c.id {_CHOSEN}) chosen on chosen.id = e.cell_id
        group by 1, 2 order by number desc, 1, 2
        """,
        chosen,
    )
    return [Reason(**row) for row in rows]


def _list_costs(session: Session, chosen: dict[str, Any], started: int) -> list[Cost]:
    """Return the costs by currency, over the completed sessions of the gateways that give one."""
    rows = fetch_all(
        session,
        f"""
        with chosen as (select c.id, c.gateway_id, c.completed, c.costed {_CHOSEN}), priced as (
            select k.currency, h.gateway_id, sum(k.amount) as amount, sum(h.costed) as costed
            from ussd_figure_cost k join chosen h on h.id = k.cell_id group by 1, 2
        )
        select currency, sum(amount) as amount, sum(costed)::bigint as costed,
            (select coalesce(sum(h.completed), 0)::bigint from chosen h
             where h.gateway_id in (select o.gateway_id from priced o where o.currency = priced.currency)) as completed
        from priced group by currency order by currency
        """,
        chosen,
    )
    return [Cost(row["currency"], row["amount"], row["completed"], Rate(row["costed"], started)) for row in rows]


def _count_unserved(session: Session, span: Span, gateways: list[Any]) -> dict[str, int]:
    """Count the requests of these gateways that ran no turn, by outcome; they belong to no service and no network."""
    rows = fetch_all(
        session,
        "select outcome, sum(number)::bigint as number from ussd_request_hour"
        " where hour >= date_trunc('hour', %s::timestamptz) and hour < %s and gateway_id = any (%s) group by outcome",
        (span.start, span.end, gateways),
    )
    return {row["outcome"]: row["number"] for row in rows}


def _standing(row: dict[str, Any]) -> Standing:
    return Standing(*(row[name] for name in ("started", "open", "completed", "ended", "dropped", "failed")))


def _sum_of(histogram: str, buckets: int) -> str:
    """Sum histograms place by place; each is one array in its row, so that no row is taken apart."""
    return "array[" + ", ".join(f"coalesce(sum({histogram}[{n}]), 0)" for n in range(1, buckets + 1)) + "]::bigint[]"


def _arguments(span: Span, cut: Cut) -> dict[str, Any]:
    return {
        "start": span.start,
        "end": span.end,
        **{name: getattr(cut, name) for name in ("service", "version", "gateway", "network", "language", "hour")},
        "zone": cut.zone,
    }
