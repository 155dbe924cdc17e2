"""The fakes' book beside our ledger: what really moved there, what we posted here, and the difference."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all
from core.money import Currency, Money
from core.permissions import Actor
from providers.fakes import client
from services.simulators.desk import asked

MOST_LINES = 60
_COMING = frozenset({"collect", "unasked", "reversal"})

# What our float of a provider gained or lost by a transfer, its suspense included; a text's index serves each name.
_OURS = """
select t.id, t.external_id::text as external_id, t.reference, t.adapter, t.provider_ref, t.direction, t.state,
       t.currency, t.created_at, a.label as account,
       coalesce((
           select sum(e.amount) from ledger_entry e join ledger_account l on l.id = e.account_id
           where l.owner_type = 'provider_account' and l.owner_id = t.account_id
             and l.kind not in ('fee_expense', 'suspense')
             and (e.transaction_id in (t.transaction_id, t.reversal_id)
                  or e.transaction_id in (
                      select x.id from transfer_case c join ledger_transaction x on x.id = c.transaction_id
                      where c.transfer_id = t.id
                      union all
                      select y.id from transfer_case c join ledger_transaction x on x.id = c.transaction_id
                      join ledger_transaction y on y.source = x.source and y.key = x.key || ':back'
                      where c.transfer_id = t.id))), 0) as ours_minor
from transfer t join provider_account a on a.id = t.account_id
where t.environment = 'fake' and (t.external_id::text = any(%(names)s) or t.reference = any(%(names)s)
      or t.submitted_at >= %(since)s)
"""

_UNASKED = """
select c.provider_ref, a.adapter, coalesce(sum(e.amount), 0) as ours_minor
from transfer_case c join provider_account a on a.id = c.account_id
left join ledger_entry e on e.transaction_id = c.transaction_id
left join ledger_account l on l.id = e.account_id
where c.transfer_id is null and a.environment = 'fake' and c.provider_ref = any(%s)
  and (l.kind is null or l.kind not in ('fee_expense', 'suspense'))
group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class BookLine:
    """One payment on both sides. Money is signed as it moved our wallet there, its fee taken off."""

    adapter: str
    kind: str
    reference: str
    at: datetime
    transfer_id: UUID | None
    state: str
    theirs: Money
    ours: Money

    @property
    def difference(self) -> Money:
        """What they have more than we do."""
        return self.theirs - self.ours


@dataclass(frozen=True, slots=True)
class Totals:
    """Both sides of one currency."""

    theirs: Money
    ours: Money

    @property
    def difference(self) -> Money:
        """What they have more than we do."""
        return self.theirs - self.ours


@dataclass(frozen=True, slots=True)
class Book:
    """Both books since the fakes began, the newest first; `lines` are at most the newest sixty, totals are of all."""

    now: datetime
    since: datetime
    lines: tuple[BookLine, ...]
    totals: tuple[Totals, ...]
    is_cut: bool


@dataclass
class _Theirs:
    """What moved under one id."""

    adapter: str
    kind: str
    id: str
    reference: str
    provider_ref: str
    currency: str
    at: datetime
    minor: int = 0
    ours: dict[str, Any] | None = field(default=None)


def get_book(session: Session, actor: Actor, adapter: str = "") -> Book:
    """Return the fakes' book, of one provider if it is given, beside what we posted for the same payments."""
    read = asked(session, actor, lambda root: client.read(root, "book", adapter))
    since = datetime.fromisoformat(read["since"])
    theirs = _gathered(read["book"])
    names = [name for one in theirs for name in (one.id, one.reference) if name]
    known = fetch_all(session, _OURS, {"names": names, "since": since})
    suspended = {
        (row["adapter"], row["provider_ref"]): int(row["ours_minor"])
        for row in fetch_all(session, _UNASKED, ([one.provider_ref for one in theirs],))
    }
    lines = sorted(_lines(theirs, known, suspended, adapter), key=lambda line: line.at, reverse=True)
    return Book(
        now=datetime.fromisoformat(read["now"]),
        since=since,
        lines=tuple(lines[:MOST_LINES]),
        totals=_totals(lines),
        is_cut=len(lines) > MOST_LINES,
    )


def _gathered(rows: list[dict[str, Any]]) -> list[_Theirs]:
    """Return the movements by payment and currency; a payout that came back is nothing."""
    found: dict[tuple[str, str, str], _Theirs] = {}
    for row in rows:
        if row["kind"] == "message":
            continue
        key = (row["adapter"], row["payment_id"], row["currency"])
        one = found.setdefault(
            key,
            _Theirs(
                adapter=row["adapter"],
                kind=row["kind"],
                id=row["payment_id"],
                reference=row["reference"],
                provider_ref=row["provider_ref"],
                currency=row["currency"],
                at=datetime.fromisoformat(row["at"]),
            ),
        )
        one.kind = row["kind"]
        one.minor += (row["amount_minor"] if row["kind"] in _COMING else -row["amount_minor"]) - row["fee_minor"]
    return list(found.values())


def _lines(
    theirs: list[_Theirs], known: list[dict[str, Any]], suspended: dict[tuple[str, str], int], adapter: str
) -> list[BookLine]:
    by_name = {(row["adapter"], row[name]): row for row in known for name in ("external_id", "reference")}
    lines, met = [], set()
    for one in theirs:
        row = by_name.get((one.adapter, one.id)) or by_name.get((one.adapter, one.reference))
        lines.append(_line(one, None if row is None or row["id"] in met else row, suspended))
        if row is not None:
            met.add(row["id"])
    return lines + [
        _only_ours(row)
        for row in known
        if row["id"] not in met and row["ours_minor"] and adapter in {"", row["adapter"]}
    ]


def _line(one: _Theirs, row: dict[str, Any] | None, suspended: dict[tuple[str, str], int]) -> BookLine:
    currency = Currency(one.currency)
    ours = 0
    if row is not None and row["currency"] == one.currency:
        ours = int(row["ours_minor"])
    elif row is None:
        ours = suspended.get((one.adapter, one.provider_ref), 0)
    return BookLine(
        adapter=one.adapter,
        kind=one.kind,
        reference=row["reference"] if row else one.reference,
        at=one.at,
        transfer_id=row["id"] if row else None,
        state=row["state"] if row else "",
        theirs=Money(one.minor, currency),
        ours=Money(ours, currency),
    )


def _only_ours(row: dict[str, Any]) -> BookLine:
    currency = Currency(row["currency"])
    return BookLine(
        adapter=row["adapter"],
        kind=row["direction"],
        reference=row["reference"],
        at=row["created_at"],
        transfer_id=row["id"],
        state=row["state"],
        theirs=Money(0, currency),
        ours=Money(int(row["ours_minor"]), currency),
    )


def _totals(lines: list[BookLine]) -> tuple[Totals, ...]:
    sums: dict[Currency, list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        sums[line.theirs.currency][0] += line.theirs.minor
        sums[line.ours.currency][1] += line.ours.minor
    return tuple(Totals(Money(a, currency), Money(b, currency)) for currency, (a, b) in sorted(sums.items()))
