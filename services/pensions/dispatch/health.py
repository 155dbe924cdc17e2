"""Whether an adapter may be sent to: a probe that moves nothing, at the start, daily, and until an ill one is well."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from core import clock
from core.database import Database, Session, driver, fetch_all, fetch_one
from core.permissions import SYSTEM
from models.transfers import TransferAttempt
from providers.mojaloop.contract import Capabilities, PensionRail, Unknown
from providers.wire import Exchange
from services import audit, breaker
from services.breaker import PROBED_EVERY
from services.pensions.dispatch import rails, stops
from services.pensions.dispatch.gate import open_gate
from services.pensions.dispatch.rails import Rail

DAY = timedelta(days=1)
LONGEST_PAUSE_S = 600
PROBE_LEASE = timedelta(seconds=150)

_log = structlog.get_logger(__name__)

_DUE = """
update rail_gate set next_probe_at = %(lease)s where account_id in (
    select g.account_id from rail_gate g join provider_account a on a.id = g.account_id
    where a.state = 'active' and (g.next_probe_at is null or g.next_probe_at <= %(now)s)
    for no key update of g skip locked)
returning account_id
"""


def probe_due(database: Database, rail: PensionRail) -> int:
    """Probe every adapter that is due, one call outside any transaction each; return how many."""
    with database.transaction() as session:
        for known in rails.list_rails(session):
            open_gate(session, known)
        now = clock.now()
        due = fetch_all(session, _DUE, {"now": now, "lease": now + PROBE_LEASE})
        asked = [rails.find_rail(session, row["account_id"]) for row in due]
    for one in asked:
        is_alive = rail.is_alive(one.prober)
        answer = rail.probe(one.prober) if is_alive else Unknown(is_sent=False, detail="no answer on /")
        with database.transaction() as session:
            note_probe(session, one, answer)
    return len(asked)


def note_probe(session: Session, rail: Rail, answer: Capabilities | Unknown) -> None:
    """Keep what a probe proved; an adapter that is well again lets its batches go on by themselves."""
    is_proven = isinstance(answer, Capabilities)
    identity = answer.identity.value if isinstance(answer, Capabilities) else ""
    row = fetch_one(session, "select * from rail_gate where account_id = %s for no key update", (rail.id,))
    failed = 0 if is_proven or row is None else int(row["failed_probes"]) + 1
    pause = DAY if is_proven else min(PROBED_EVERY * 2 ** max(failed - 1, 0), timedelta(seconds=LONGEST_PAUSE_S))
    if not rail.is_breaker_closed and not is_proven:
        pause = PROBED_EVERY
    detail = "" if isinstance(answer, Capabilities) else answer.detail
    now = clock.now()
    driver(session).execute(
        """
        update rail_gate set identity = case when %(proven)s then %(identity)s else identity end, detail = %(detail)s,
            probed_at = %(now)s, next_probe_at = %(next)s, failed_probes = %(failed)s, recent = '',
            misconfigurations_in_row = 0, refusals_in_row = 0
        where account_id = %(account)s
        """,
        {
            "proven": is_proven,
            "identity": identity,
            "detail": detail[:200],
            "now": now,
            "next": now + pause,
            "failed": failed,
            "account": rail.id,
        },
    )
    _keep(session, rail.id, answer.attempts, identity or "unproven")
    if is_proven and not rail.is_breaker_closed:
        breaker.note_probe(session, rail.id, is_right=True)
    if is_proven:
        stops.resume_well(session, rail.id)
    if row is not None and row["identity"] != identity and is_proven:
        changes = {"was": row["identity"], "now": identity}
        audit.record(session, SYSTEM, "pension_rail.probe", "provider_account", rail.id, rail.code, changes)
    if not is_proven:
        _log.warning("pensions.adapter_unproven", account_id=str(rail.id), detail=detail[:200])


def _keep(session: Session, account_id: UUID, exchanges: Sequence[Exchange], word: str) -> None:
    for number, exchange in enumerate(exchanges, start=1):
        session.add(
            TransferAttempt(
                account_id=account_id,
                n=number,
                operation=exchange.operation,
                method=exchange.method,
                url=exchange.url,
                request=exchange.request,
                response=exchange.response,
                http_status=exchange.http_status,
                sent_at=exchange.sent_at,
                answered_at=exchange.answered_at,
                answer=word,
                error_kind=exchange.error_kind,
            )
        )
    session.flush()
