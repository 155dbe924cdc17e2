"""Money that sessions asked for, by type: how its operations stand, and volume and fees as the ledger has them."""

from dataclasses import dataclass

from core.database import Session, fetch_all
from core.money import Currency, Money
from core.phone import issued_prefixes
from core.rates import Rate
from reports.figures import Span
from reports.ussd_figures import Cut

NAMES = ("service", "version", "gateway", "network", "language", "hour", "zone")


@dataclass(frozen=True, slots=True)
class Moved:
    """Operations of one type and currency of the sessions begun in a period.

    `volume` is what left the payers, `fees` what the house earned of it; both are entries of the ledger.
    """

    type: str
    operations: int
    completed: int
    pending: int
    failed: int
    unknown: int
    reversed: int
    volume: Money
    fees: Money

    @property
    def unknown_rate(self) -> Rate:
        """Operations whose fate nobody knows out of all."""
        return Rate(self.unknown, self.operations)


def list_moved(session: Session, span: Span, cut: Cut) -> list[Moved]:
    """Return the money by type and currency, the most used type first."""
    rows = fetch_all(
        session,
        """
        with made as (
            select o.type, o.currency, o.state, o.transaction_id
            from ussd_operation o join ussd_session s on s.id = o.session_id
            join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
            where o.created_at >= date_trunc('hour', %(start)s::timestamptz)
              and o.created_at < %(end)s::timestamptz + interval '1 hour'
              and s.created_at >= date_trunc('hour', %(start)s::timestamptz) and s.created_at < %(end)s
              and not s.is_test
              and (%(service)s = '' or v.key = %(service)s) and (%(version)s = '' or s.version_id::text = %(version)s)
              and (%(gateway)s = '' or g.key = %(gateway)s) and (%(language)s = '' or s.language = %(language)s)
              and (%(network)s = '' or s.network = %(network)s
                   or s.network = '' and s.phone ^@ any (%(prefixes)s::text[]))
              and (%(hour)s = '' or to_char(s.created_at at time zone %(zone)s, 'HH24') = %(hour)s)
        ), booked as (
            select m.type, m.currency, sum(e.amount) filter (where e.amount > 0) as volume,
                -sum(e.amount) filter (where a.kind = 'fee_income') as fees
            from made m join ledger_entry e on e.transaction_id = m.transaction_id
            join ledger_account a on a.id = e.account_id
            where m.state = 'completed' group by 1, 2
        )
        select m.type, m.currency, count(*) as operations, count(*) filter (where m.state = 'completed') as completed,
            count(*) filter (where m.state in ('reserved', 'sent')) as pending,
            count(*) filter (where m.state = 'failed') as failed,
            count(*) filter (where m.state = 'unknown') as unknown,
            count(*) filter (where m.state = 'reversed') as reversed,
            coalesce(max(b.volume), 0)::bigint as volume, coalesce(max(b.fees), 0)::bigint as fees
        from made m left join booked b using (type, currency)
        group by m.type, m.currency order by operations desc, m.type, m.currency
        """,
        {
            "start": span.start,
            "end": span.end,
            **{name: getattr(cut, name) for name in NAMES},
            "prefixes": [prefix for prefix, issued_to in issued_prefixes().items() if issued_to == cut.network],
        },
    )
    moved = []
    for row in rows:
        currency = Currency(row.pop("currency"))
        volume, fees = (Money(row.pop(name), currency) for name in ("volume", "fees"))
        moved.append(Moved(**row, volume=volume, fees=fees))
    return moved
