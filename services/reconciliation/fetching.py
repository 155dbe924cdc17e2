"""Brings a provider's own list of a day in, page after page; where there is none, reads each of our transfers again.

Runs outside any transaction but to save: a page that does not come leaves what was saved, and the next night goes on.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from threading import Event
from typing import Any
from uuid import UUID

from core import clock, ids
from core.database import Database, Session, driver, fetch_all
from core.orders import made_storable
from core.zones import bounds_of_day, zone_of
from models.reconciliation import ReconciliationRun
from providers import registry
from providers.answers import Account, Line, NotOffered, Seen, SeenState, Unknown
from providers.wire import Wire
from services import provider_accounts
from services.reconciliation.comparing import Compared, compare
from services.reconciliation.days import end_run, open_run
from services.transfers.dispatch import build_order, new_wire
from services.transfers.rows import find

MOST_PAGES = 10_000
LONGEST_WORD = 200
WORDS = ("line_key", "external_id", "provider_ref", "provider_state", "party")
DAYS_AGAIN = 3
WAIT_S = 5.0
MOST_WAITS = 24
READS_PAUSE_S = 0.2  # five reads a second and account

_COLUMNS = (
    "id, created_at, run_id, account_id, line_key, external_id, provider_ref, kind, state, provider_state,"
    " amount_minor, fee_minor, currency, party, at"
)


def compare_day(database: Database, account_id: UUID, day: date, over: Event | None = None) -> Compared | None:
    """Fetch the provider's list of a day and compare it; None when the list did not come to its end."""
    with database.transaction() as session:
        account = provider_accounts.view(session, account_id)
    wire = Wire()
    wire.hide(*(value for name in account.secrets for value in account.secret_values(name)))
    adapter = registry.adapter(account.adapter)
    page = adapter.list(account, day, None, wire)
    if isinstance(page, NotOffered):
        return _compare_by_reads(database, account, day, over or Event())
    with database.transaction() as session:
        run_id = open_run(session, account_id, day, "list").id
    waits = 0
    for _ in range(MOST_PAGES):
        if isinstance(page, Unknown | NotOffered):
            _note(database, run_id, page.detail if isinstance(page, Unknown) else "")
            return None
        with database.transaction() as session:
            save_lines(session, run_id, account_id, page.lines)
        if page.cursor is None:
            return _finish(database, run_id)
        if not page.lines:  # a statement that the provider is still writing
            waits += 1
            if waits > MOST_WAITS or (over or Event()).wait(WAIT_S):
                break
        page = adapter.list(account, day, page.cursor, wire)
    _note(database, run_id, "unfinished")
    return None


def due_days(today: date) -> list[date]:
    """Return the days each night compares: yesterday, and the two before it again."""
    return [today - timedelta(days=back) for back in range(1, DAYS_AGAIN + 1)]


def save_lines(session: Session, run_id: UUID, account_id: UUID, lines: Sequence[Line]) -> int:
    """Keep lines of a list, each once by its key, and return how many were new."""
    connection = driver(session)
    connection.execute(
        "create temporary table if not exists incoming_line (like provider_line including defaults) on commit drop"
    )
    connection.execute("truncate incoming_line")
    now = clock.now()
    with connection.cursor().copy(f"copy incoming_line ({_COLUMNS}) from stdin") as copy:
        # Said twice in one page: the last word counts.
        for line in {line.line_key: line for line in map(_fit, lines)}.values():
            copy.write_row(_row(run_id, account_id, line, now))
    saved = connection.execute(
        f"insert into provider_line ({_COLUMNS}) select {_COLUMNS} from incoming_line"
        " on conflict (run_id, line_key) do update set state = excluded.state,"
        " provider_state = excluded.provider_state, fee_minor = excluded.fee_minor"
        " where (provider_line.state, provider_line.fee_minor) is distinct from (excluded.state, excluded.fee_minor)"
    )
    return saved.rowcount


def _fit(line: Line) -> Line:
    """Return a line whose words a row can hold and an index can find; a key too long for one is its digest."""
    words = {name: made_storable(getattr(line, name)) for name in WORDS}
    for name, word in words.items():
        if len(word) > LONGEST_WORD:
            words[name] = sha256(word.encode()).hexdigest()
    return replace(line, **words)


def _row(run_id: UUID, account_id: UUID, line: Line, now: Any) -> tuple[Any, ...]:
    return (
        ids.new_id(),
        now,
        run_id,
        account_id,
        line.line_key,
        line.external_id,
        line.provider_ref,
        line.kind,
        line.state,
        line.provider_state,
        line.amount.minor,
        line.fee.minor if line.fee else None,
        line.amount.currency,
        line.party,
        line.at,
    )


def _finish(database: Database, run_id: UUID) -> Compared:
    with database.transaction(statement_timeout_ms=60_000) as session:
        run = session.get_one(ReconciliationRun, run_id, with_for_update=True)
        compared = compare(session, run)
        end_run(session, run)
    return compared


def _note(database: Database, run_id: UUID, note: str) -> None:
    with database.transaction() as session:
        session.get_one(ReconciliationRun, run_id).note = note or "unknown"


def _compare_by_reads(database: Database, account: Account, day: date, over: Event) -> Compared | None:
    """Read each transfer of the day again and treat the answers as the provider's list."""
    first, last = bounds_of_day(day, zone_of(account.country))
    with database.transaction() as session:
        run_id = open_run(session, account.id, day, "reads").id
        transfer_ids = [
            row["id"]
            for row in fetch_all(
                session,
                "select id from transfer where account_id = %s and submitted_at >= %s and submitted_at < %s"
                " order by id",
                (account.id, first, last),
            )
        ]
    for transfer_id in transfer_ids:
        if over.wait(READS_PAUSE_S):
            _note(database, run_id, "interrupted")
            return None
        line = _read_line(database, account, transfer_id)
        if isinstance(line, Unknown):
            _note(database, run_id, line.detail)
            return None
        if line is not None:
            with database.transaction() as session:
                save_lines(session, run_id, account.id, [line])
    return _finish(database, run_id)


def _read_line(database: Database, account: Account, transfer_id: UUID) -> Line | Unknown | None:
    with database.transaction() as session:
        order = build_order(session, find(session, transfer_id))
    seen = registry.adapter(account.adapter).status(order, new_wire(order))
    if isinstance(seen, Unknown):
        return seen
    if not isinstance(seen, Seen) or seen.state is SeenState.PENDING:
        return None
    return Line(
        line_key=order.reference,
        kind=order.direction,
        amount=seen.amount or order.amount,
        at=seen.at or order.submitted_at or clock.now(),
        external_id=order.reference,
        provider_ref=seen.provider_ref or "",
        state=seen.state,
        provider_state=seen.provider_state,
        fee=seen.fee,
        party=seen.party.e164 if seen.party else "",
    )
