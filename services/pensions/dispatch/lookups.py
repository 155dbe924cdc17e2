"""Payees looked up before anybody approves: found or not, under which institution, and whether the names agree.

A batch's lines are cut into pieces; a piece is taken with a lease, and gone when its payees are known. Who was seen
lately is read in the directory and not asked about again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from core import clock, ids
from core.database import Database, Session, driver, fetch_all, fetch_one
from core.money import Currency, Money
from models.pension_stages import NamePolicy, PaymentStage
from models.pension_stages import Rail as Carrier
from providers.answers import Reason
from providers.mojaloop.contract import Found, LookupAnswer, NotFound, Party, PensionRail, RailAccount, Withheld
from services.pensions import counters, names
from services.pensions.dispatch import mobile_names, payments, rails, standing
from services.pensions.dispatch.gate import SharedGate, open_gate
from services.pensions.dispatch.outcomes import NAME_DIFFERS
from services.pensions.dispatch.payments import Move
from services.pensions.dispatch.rails import ADAPTER, Rail
from services.pensions.dispatch.shapes import Payer
from services.pensions.names import NameVerdict

PIECE = 500
MOST_TRIES = 3
PAUSE = timedelta(seconds=30)
UNASKED = "unknown"
NOT_VERIFIED = "name_unverified"

_CUT = """
insert into payee_lookup (batch_id, first_line, last_line, tries, next_try_at)
select %(batch)s, min(line), max(line), 0, %(now)s
from (
    select line, (row_number() over (order by line) - 1) / %(piece)s as piece
    from pension_payment where batch_id = %(batch)s and stage = 'WAITING' and name_verdict = ''
) as lines
group by piece on conflict do nothing
"""
_DUE = """
select distinct a.rail_account_id from payee_lookup l
join pension_batch b on b.id = l.batch_id
join pension_account a on a.id = b.account_id
join provider_account r on r.id = a.rail_account_id
where l.next_try_at <= %(now)s and r.adapter = %(adapter)s and r.state = 'active' and r.breaker = 'closed'
  and b.stage in ('DRAFT', 'AWAITING_APPROVAL', 'QUEUED')
"""
_TAKE = """
update payee_lookup l set next_try_at = %(until)s, tries = tries + 1
where (l.batch_id, l.first_line) in (
    select p.batch_id, p.first_line from payee_lookup p
    join pension_batch b on b.id = p.batch_id
    join pension_account a on a.id = b.account_id
    where a.rail_account_id = %(account)s and p.next_try_at <= %(now)s
      and b.stage in ('DRAFT', 'AWAITING_APPROVAL', 'QUEUED')
    order by b.created_at, p.first_line limit 1 for update of p skip locked)
returning l.batch_id, l.first_line, l.last_line, l.tries
"""
_PAYEES = """
select p.id, p.id_type, p.identifier, p.name, p.amount_minor, b.rail, b.currency, b.organisation_id, b.confirmed_at,
    d.rail_identifier as known_identifier, d.fsp_id as known_fsp_id, d.names as known_names,
    coalesce(s.name_policy, 'warn') as name_policy, a.rail_account_id, a.available_account_id, a.reserved_account_id,
    a.fees_account_id, b.account_id, a.account_id as account_code, a.party_id_type, a.party_identifier, a.display_name,
    a.amount_type, a.number_form
from pension_payment p
join pension_batch b on b.id = p.batch_id
join pension_account a on a.id = b.account_id
left join pension_settings s on s.organisation_id = b.organisation_id
left join payee_directory d on d.rail_account_id = a.rail_account_id and d.organisation_id = b.organisation_id
    and d.id_type = p.id_type and d.identifier = p.identifier
    and d.seen_at > %(now)s - make_interval(days => coalesce(s.lookup_max_age_days, 30))
where p.batch_id = %(batch)s and p.line between %(first)s and %(last)s and p.stage = 'WAITING' and p.name_verdict = ''
order by p.line
"""
_FOUND = """
update pension_payment p set rail_identifier = m.rail_identifier
from unnest(%(ids)s::uuid[], %(identifiers)s::text[]) as m (id, rail_identifier) where p.id = m.id
"""
_DIRECTORY = """
insert into payee_directory (id, created_at, organisation_id, rail_account_id, id_type, identifier, rail_identifier,
    fsp_id, names, seen_at)
select m.id, %(now)s, %(organisation)s, %(account)s, m.id_type, m.identifier, m.rail_identifier, m.fsp_id, m.names,
    %(now)s
from unnest(%(ids)s::uuid[], %(types)s::text[], %(identifiers)s::text[], %(rail_identifiers)s::text[],
        %(fsps)s::text[], %(names)s::jsonb[]) as m (id, id_type, identifier, rail_identifier, fsp_id, names)
order by m.id_type, m.identifier
on conflict on constraint uq_payee_directory_payee do update set rail_identifier = excluded.rail_identifier,
    fsp_id = excluded.fsp_id, names = excluded.names, seen_at = excluded.seen_at
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of one batch that are ours to look up until the lease ends."""

    batch_id: UUID
    first_line: int
    last_line: int
    tries: int
    payees: tuple[Mapping[str, Any], ...]


def start(session: Session, batch_id: UUID) -> int:
    """Have every payee of a batch looked up who is not known yet; return how many are left to look up."""
    now = clock.now()
    driver(session).execute(_CUT, {"batch": batch_id, "now": now, "piece": PIECE})
    row = fetch_one(
        session,
        """
        update pension_batch set version = version + 1, lookups_left = (
            select count(*) from pension_payment where batch_id = %(batch)s and stage = 'WAITING' and name_verdict = '')
        where id = %(batch)s returning lookups_left
        """,
        {"batch": batch_id},
    )
    counters.ring(session, batch_id)
    return int(row["lookups_left"]) if row else 0


def list_due_accounts(session: Session) -> list[UUID]:
    """Return the accounts with payees to look up."""
    rows = fetch_all(session, _DUE, {"now": clock.now(), "adapter": ADAPTER})
    return [row["rail_account_id"] for row in rows]


def work(database: Database, mojaloop: PensionRail, account_id: UUID) -> None:
    """Look one piece of an account up and keep what was found."""
    with database.transaction() as session:
        rail = rails.find_rail(session, account_id)
        open_gate(session, rail)
        piece = _take(session, rail)
    if piece is None:
        return
    answers = _known(piece)
    unknown = [row for row in piece.payees if row["id"] not in answers]
    if unknown:
        is_mobile = unknown[0]["rail"] == Carrier.MOBILE_MONEY
        answers |= mobile_names.find(database, unknown) if is_mobile else _ask(database, mojaloop, rail, unknown)
    with database.transaction() as session:
        _keep(session, rail, piece, answers)


def _take(session: Session, rail: Rail) -> Piece | None:
    now = clock.now()
    # As long as the slowest piece may take: every look-up late, at the account's rate.
    lease = timedelta(seconds=PIECE / rail.rate_per_s + PIECE / rail.concurrency * rail.read_timeout_s)
    asked = {"account": rail.id, "now": now, "until": now + lease}
    taken = fetch_one(session, _TAKE, asked)
    if taken is None:
        return None
    wanted = {"batch": taken["batch_id"], "first": taken["first_line"], "last": taken["last_line"], "now": now}
    return Piece(**taken, payees=tuple(fetch_all(session, _PAYEES, wanted)))


def _known(piece: Piece) -> dict[UUID, LookupAnswer]:
    """Return who is in the directory, as if he had just been found."""
    return {
        row["id"]: Found(row["known_fsp_id"], tuple(row["known_names"]), rail_identifier=row["known_identifier"])
        for row in piece.payees
        if row["known_fsp_id"]
    }


def _ask(
    database: Database, mojaloop: PensionRail, rail: Rail, rows: Sequence[Mapping[str, Any]]
) -> dict[UUID, LookupAnswer]:
    """Ask the switch, once for each payee however often he stands there, by the account's gate."""
    gate = SharedGate(database, rail, uuid4(), beats_itself=True)
    account: RailAccount = rail.payer(rows[0])
    parties = {(row["id_type"], row["identifier"]): Party(row["id_type"], row["identifier"]) for row in rows}
    found: dict[tuple[str, str], LookupAnswer] = {}
    try:
        for party, answer in mojaloop.lookup_many(account, parties.values(), gate):
            if not isinstance(answer, Withheld):
                found[party.id_type, party.identifier] = answer
    finally:
        with database.transaction() as session:
            gate.leave(session)
    return {row["id"]: found[key] for row in rows if (key := (row["id_type"], row["identifier"])) in found}


def _keep(session: Session, rail: Rail, piece: Piece, answers: Mapping[UUID, LookupAnswer]) -> None:
    """Write what was found, hold or end what must be, and count what is left."""
    standing.lock_batches(session, [piece.batch_id])
    now = clock.now()
    is_last_try = piece.tries >= MOST_TRIES
    still = {
        row["id"]
        for row in fetch_all(
            session,
            "select id from pension_payment where id = any(%s) and stage = 'WAITING' and name_verdict = ''"
            " order by id for no key update",
            ([row["id"] for row in piece.payees],),
        )
    }
    rows = [row for row in piece.payees if row["id"] in still]
    moves = [move for row in rows if (move := _judge(piece, row, answers.get(row["id"]), is_last_try=is_last_try))]
    found = {row["id"]: answer for row in rows if isinstance(answer := answers.get(row["id"]), Found)}
    if found:
        driver(session).execute(
            _FOUND, {"ids": list(found), "identifiers": [one.rail_identifier for one in found.values()]}
        )
        _write_directory(session, rail, [(row, found[row["id"]]) for row in rows if row["id"] in found])
    payments.void(session, moves)
    payments.move(session, moves)
    is_done = is_last_try or len(moves) == len(rows)
    query = (
        "delete from payee_lookup where batch_id = %(batch)s and first_line = %(line)s"
        if is_done
        else "update payee_lookup set next_try_at = %(at)s where batch_id = %(batch)s and first_line = %(line)s"
    )
    driver(session).execute(query, {"batch": piece.batch_id, "line": piece.first_line, "at": now + PAUSE})
    driver(session).execute(
        "update pension_batch set lookups_left = greatest(lookups_left - %s, 0), version = version + 1 where id = %s",
        (len(moves), piece.batch_id),
    )
    counters.ring(session, piece.batch_id)


def _judge(piece: Piece, row: Mapping[str, Any], answer: LookupAnswer | None, *, is_last_try: bool) -> Move | None:
    """Return what a look-up does to a payment; None: it is asked again."""
    holds = row["name_policy"] == NamePolicy.HOLD
    match answer:
        case Found():
            verdict, name = names.best_of(row["name"], answer.names)
            is_held = answer.hold is not None or (holds and verdict is NameVerdict.DIFFERENT)
            code = str(answer.hold or NAME_DIFFERS) if is_held else ""
            stage = PaymentStage.HELD if is_held else PaymentStage.WAITING
            return _move(piece, row, stage, verdict=verdict, name=name, fsp_id=answer.fsp_id, code=code)
        case NotFound():
            reason = Reason.PAYEE_NOT_FOUND
            return _move(piece, row, PaymentStage.FAILED, verdict=NameVerdict.ABSENT, code=answer.code, reason=reason)
    if not is_last_try:
        return None
    stage, code = (PaymentStage.HELD, NOT_VERIFIED) if holds else (PaymentStage.WAITING, "")
    return _move(piece, row, stage, verdict=UNASKED, code=code)


def _move(  # what a look-up may change
    piece: Piece,
    row: Mapping[str, Any],
    to: PaymentStage,
    *,
    verdict: str,
    name: str = "",
    fsp_id: str = "",
    code: str = "",
    reason: str = "",
) -> Move:
    return Move(
        payment_id=row["id"],
        batch_id=piece.batch_id,
        was=PaymentStage.WAITING,
        to=to,
        amount=Money(row["amount_minor"], Currency(row["currency"])),
        payer=Payer(row["available_account_id"], row["reserved_account_id"], row["fees_account_id"]),
        code=code,
        reason=reason,
        fsp_id=fsp_id,
        name_found=name,
        name_verdict=str(verdict),
        is_reserved=row["confirmed_at"] is not None,
    )


def _write_directory(session: Session, rail: Rail, found: Sequence[tuple[Mapping[str, Any], Found]]) -> None:
    fresh = {
        (row["id_type"], row["identifier"]): (row, one)
        for row, one in found
        if one.fsp_id and row["known_fsp_id"] != one.fsp_id
    }
    if not fresh:
        return
    lines = list(fresh.values())
    values = {
        "now": clock.now(),
        "organisation": lines[0][0]["organisation_id"],
        "account": rail.id,
        "ids": [ids.new_id() for _ in lines],
        "types": [row["id_type"] for row, _ in lines],
        "identifiers": [row["identifier"] for row, _ in lines],
        "rail_identifiers": [one.rail_identifier for _, one in lines],
        "fsps": [one.fsp_id for _, one in lines],
        "names": [Jsonb(list(one.names)) for _, one in lines],
    }
    driver(session).execute(_DIRECTORY, values)
