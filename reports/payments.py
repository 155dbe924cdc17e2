"""How each provider behaves, measured on the real traffic of the last day.

The population of every figure is the same: the transfers sent in the span. `docs/payments.md` says what the states are.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import clock
from core.database import Session, fetch_all
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.rates import Rate
from reports.figures import Span

HOURS = 24
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
SILENCE = timedelta(minutes=30)
MOST_UNKNOWN = 0.01
FEWEST_JUDGED = 10  # fewer say nothing of an hour
FEWEST_EXPECTED = 3  # of fewer ends in half an hour a callback may well be lost


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One account over the span.

    success: those that succeeded (came back later or not), out of those whose end is known.
    median_s, p95_s: from sending to the end, over those whose end is known.
    unknown: those that were unknown at some moment, out of all that were sent.
    callbacks: those a callback we believed spoke of, out of those whose end is known.
    sent_by_hour, succeeded_by_hour: by the hour of sending, the oldest first.
    alerts: of `success`, `unknown` and `silence`.
    """

    account_id: UUID
    label: str
    adapter: str
    environment: str
    state: str
    pause_reason: str
    are_payouts_paused: bool
    breaker: str
    breaker_reason: str
    breaker_at: datetime | None
    succeeded_at: datetime | None
    success: Rate
    unknown: Rate
    callbacks: Rate
    median_s: float | None
    p95_s: float | None
    is_open: int
    sent_by_hour: tuple[int, ...]
    succeeded_by_hour: tuple[int, ...]
    balance: Money | None
    alerts: tuple[str, ...]

    @property
    def sent(self) -> int:
        """How many were sent in the span."""
        return self.unknown.denominator


def list_health(session: Session, actor: Actor) -> list[ProviderHealth]:
    """Return the health of every account that moves money and is not retired, the ailing first, then by name."""
    actor.require(Permission.PAYMENTS_READ)
    now = clock.now()
    span = Span(now - HOURS * HOUR, now)
    figures = {row["account_id"]: row for row in fetch_all(session, _FIGURES, _dates(span))}
    hours = _hours(session, span)
    judged = {row["account_id"]: row for row in fetch_all(session, _LAST_HOUR, _dates(span))}
    found = [
        _health(row, figures.get(row["id"], {}), hours.get(row["id"], {}), judged.get(row["id"], {}))
        for row in fetch_all(session, _ACCOUNTS)
    ]
    return sorted(found, key=lambda one: (not one.alerts and one.breaker == "closed", one.label, one.account_id))


def list_trials(session: Session) -> list[str]:
    """Return the active accounts of fakes and of providers' test platforms: every screen says that there are some."""
    rows = fetch_all(
        session,
        "select coalesce(nullif(label, ''), code) as name from provider_account"
        " where state = 'active' and environment <> 'live' order by 1",
    )
    return [row["name"] for row in rows]


_ACCOUNTS = """
    select a.*, coalesce(nullif(a.label, ''), a.code) as name, l.currency as float_currency,
           ledger_balance(l.id) as float_minor
    from provider_account a
    left join ledger_account l on l.kind = 'provider_float' and l.owner_type = 'provider_account'
        and l.owner_id = a.id and l.currency = a.currency
    where a.state <> 'retired' and a.offers ?| array['collect', 'payout']
"""

_FIGURES = """
    with sent as (
        select t.*, t.state in ('succeeded', 'failed', 'expired', 'cancelled', 'reversed') as is_known,
               extract(epoch from t.ended_at - t.submitted_at) as delay_s
        from transfer t where t.submitted_at >= %(start)s and t.submitted_at < %(end)s
    )
    select account_id, count(*) as sent, count(*) filter (where is_known) as known,
           count(*) filter (where state in ('succeeded', 'reversed')) as succeeded,
           count(*) filter (where state = 'unknown' or exists (
               select from transfer_event e where e.transfer_id = sent.id and e.to_state = 'unknown')) as unknown,
           count(*) filter (where is_known and exists (
               select from inbound_event i where i.transfer_id = sent.id and i.is_accepted)) as called,
           count(*) filter (where not is_known) as open,
           percentile_cont(0.5) within group (order by delay_s) filter (where is_known) as median_s,
           percentile_cont(0.95) within group (order by delay_s) filter (where is_known) as p95_s,
           max(ended_at) filter (where state in ('succeeded', 'reversed')) as succeeded_at
    from sent group by account_id
"""

# This hour's success against that of the same hour in the seven days before; and whether all callbacks fell silent.
_LAST_HOUR = """
    with sent as (
        select t.id, t.account_id, t.state, t.submitted_at >= %(end)s - interval '1 hour' as is_now,
               t.ended_at >= %(quiet)s as is_fresh
        from transfer t
        where t.submitted_at >= %(week)s and t.submitted_at < %(end)s
          and mod(extract(epoch from %(end)s - t.submitted_at)::bigint, 86400) < 3600
          and t.state in ('succeeded', 'failed', 'expired', 'cancelled', 'reversed')
    )
    select account_id, count(*) filter (where is_now) as now_known,
           count(*) filter (where is_now and state in ('succeeded', 'reversed')) as now_succeeded,
           count(*) filter (where not is_now) as before_known,
           count(*) filter (where not is_now and state in ('succeeded', 'reversed')) as before_succeeded,
           count(*) filter (where is_now and is_fresh) as due,
           (select max(i.received_at) from inbound_event i
            where i.account_id = sent.account_id and i.is_accepted and i.received_at >= %(start)s) as called_at
    from sent group by account_id
"""


def _dates(span: Span) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "week": span.end - WEEK - HOUR, "quiet": span.end - SILENCE}


def _hours(session: Session, span: Span) -> dict[UUID, dict[int, tuple[int, int]]]:
    rows = fetch_all(
        session,
        """
        select account_id, floor(extract(epoch from submitted_at - %(start)s) / 3600)::int as hour, count(*) as sent,
               count(*) filter (where state in ('succeeded', 'reversed')) as succeeded
        from transfer where submitted_at >= %(start)s and submitted_at < %(end)s group by 1, 2
        """,
        _dates(span),
    )
    found: dict[UUID, dict[int, tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row["account_id"], {})[row["hour"]] = (row["sent"], row["succeeded"])
    return found


def _health(
    account: dict[str, Any], row: dict[str, Any], hours: dict[int, tuple[int, int]], judged: dict[str, Any]
) -> ProviderHealth:
    by_hour = [hours.get(hour, (0, 0)) for hour in range(HOURS)]
    known = row.get("known", 0)
    unknown = Rate(row.get("unknown", 0), row.get("sent", 0))
    last = [moment for moment in (account["succeeded_at"], row.get("succeeded_at")) if moment]
    copied = ("adapter", "environment", "state", "pause_reason", "are_payouts_paused", "breaker", "breaker_reason")
    return ProviderHealth(
        account_id=account["id"],
        label=account["name"],
        breaker_at=account["breaker_at"],
        succeeded_at=max(last, default=None),
        success=Rate(row.get("succeeded", 0), known),
        unknown=unknown,
        callbacks=Rate(row.get("called", 0), known),
        median_s=_seconds(row.get("median_s")),
        p95_s=_seconds(row.get("p95_s")),
        is_open=row.get("open", 0),
        sent_by_hour=tuple(sent for sent, _ in by_hour),
        succeeded_by_hour=tuple(succeeded for _, succeeded in by_hour),
        balance=_balance(account),
        alerts=tuple(_alerts(unknown, judged)),
        **{name: account[name] for name in copied},
    )


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)


def _balance(account: dict[str, Any]) -> Money | None:
    if account["float_currency"] is None:
        return None
    return Money(int(account["float_minor"] or 0), Currency(account["float_currency"]))


def _alerts(unknown: Rate, judged: dict[str, Any]) -> list[str]:
    """Say what is not right: success halved against the last days, too many unknown, callbacks that fell silent."""
    found = []
    now = Rate(judged.get("now_succeeded", 0), judged.get("now_known", 0))
    before = Rate(judged.get("before_succeeded", 0), judged.get("before_known", 0))
    is_judged = min(now.denominator, before.denominator) >= FEWEST_JUDGED
    if is_judged and (now.value or 0) * 2 <= (before.value or 0):
        found.append("success")
    if unknown.denominator >= FEWEST_JUDGED and (unknown.value or 0) > MOST_UNKNOWN:
        found.append("unknown")
    called_at = judged.get("called_at")
    if judged.get("due", 0) >= FEWEST_EXPECTED and (called_at is None or called_at < clock.now() - SILENCE):
        found.append("silence")
    return found
