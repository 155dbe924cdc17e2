"""PINs: a try is counted and committed before it is checked, so that a crash gives nothing away.

Three phases, two transactions: `count_try` (commit), `check` (argon2id, outside any transaction), `settle_try`.
The rules are those of `docs/ussd.md`, section 11.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core import clock, security
from core.database import Session, driver, fetch_one
from core.errors import Refusal
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.security import PinHash
from models.messages import Channel
from services import approvals, audit, messages
from services.approvals import ApprovalRow, AskApproval, Kind
from services.messages import OutgoingMessage

TRIES = 3
WRONG_TRIES_A_DAY = 10
LOCKS_IN_A_ROW = 3
DAY_MINUTES = 24 * 60
SILENCE = timedelta(days=365)  # a number unused for so long may have been given to somebody else


class NoPin(Refusal):
    """This person has no PIN."""

    code = "pin_absent"
    sentence = "Aucun compte n'est lié à ce numéro."


class PinLocked(Refusal):
    """Too many wrong tries; nothing was checked. `needs_operator` when waiting alone will not open it."""

    code = "pin_bloque"
    status = 429
    sentence = "Code PIN bloqué pour {minutes} min."

    def __init__(self, minutes: int, *, needs_operator: bool) -> None:
        super().__init__(minutes=minutes, needs_operator=needs_operator)


class ProofDue(Refusal):
    """The number was silent for a year, or changed its SIM: its owner proves the PIN before money moves again."""

    code = "pin_a_prouver"
    status = 403
    sentence = "Confirmez d'abord votre code PIN. Rien n'a été débité."


class Strength(StrEnum):
    """What is thought of a PIN someone chose."""

    OK = "ok"
    INVALID = "invalid"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class PinTicket:
    """One counted try, to be checked and settled. `left` is how many tries remain if it is wrong."""

    user_id: UUID
    left: int
    minutes: int
    is_locking: bool
    needs_operator: bool
    stored: PinHash = field(repr=False)


@dataclass(frozen=True, slots=True)
class PinChecked:
    """What the check found; `renewed` replaces a hash under an old pepper."""

    is_right: bool
    renewed: PinHash | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PinSettled:
    """How a try ended: right, wrong with `left` tries, or wrong and locked for `minutes`."""

    is_right: bool
    left: int
    minutes: int
    is_locked: bool


class UnlockPin(Order):
    """An operator's order to let a person try again."""

    user_id: UUID
    reason: str


class ReportSimChange(Order):
    """A network's word that the SIM of a number was changed; `detail` is what it said."""

    phone: str
    detail: str = ""


# The third try sets the lock in advance: 15, 30, 60 … minutes, at most 24 h. Three locks in a row or ten wrong tries
# within 24 h ask for an operator. A wrong try waits in `wrong_today` from here; a right one takes itself out again.
_COUNT = """
update pin_credential p set
    tries = case when tries >= 3 then 1 else tries + 1 end,
    locked_until = case when tries = 2
        then %(now)s + least(interval '15 minutes' * (2 ^ least(locks, 10)), interval '24 hours') end,
    locks = locks + (tries = 2)::int,
    wrong_today = case when wrong_day > %(now)s - interval '24 hours' then wrong_today + 1 else 1 end,
    wrong_day = case when wrong_day > %(now)s - interval '24 hours' then wrong_day else %(now)s end,
    needs_admin = (tries = 2 and locks + 1 >= %(locks)s)
        or coalesce(wrong_day > %(now)s - interval '24 hours', false) and wrong_today + 1 >= %(wrong)s
where user_id = %(user)s and not needs_admin and (locked_until is null or locked_until <= %(now)s)
returning hash, pepper_id, %(tries)s - tries as left, locked_until, needs_admin
"""

_SETTLE_RIGHT = """
update pin_credential set
    proved_at = %(now)s, doubted_at = null,
    tries = 0, locks = 0, locked_until = null, wrong_today = greatest(wrong_today - 1, 0),
    needs_admin = needs_admin and not %(is_mine)s,
    pepper_id = case when hash = %(checked)s then coalesce(%(pepper)s, pepper_id) else pepper_id end,
    hash = case when hash = %(checked)s then coalesce(%(hash)s, hash) else hash end
where user_id = %(user)s
"""


def strength(pin: str, own_number: str, length: int = 5) -> Strength:
    """Judge a PIN someone chooses: `length` digits, and not among the first a thief tries."""
    if not security.is_pin(pin, length):
        return Strength.INVALID
    return Strength.WEAK if security.is_weak_pin(pin, own_number) else Strength.OK


def count_try(session: Session, user_id: UUID) -> PinTicket:
    """Count one try; commit before `check`. Refuses with `PinLocked` or `NoPin`, and then nothing was counted."""
    now = clock.now()
    limits = {"tries": TRIES, "locks": LOCKS_IN_A_ROW, "wrong": WRONG_TRIES_A_DAY}
    row = fetch_one(session, _COUNT, {"user": user_id, "now": now, **limits})
    if row is None:
        state = get_state(session, user_id)
        raise PinLocked(_minutes(state.locked_until, now), needs_operator=state.needs_operator)
    is_locking = row["left"] == 0 or row["needs_admin"]
    return PinTicket(
        user_id=user_id,
        left=row["left"],
        minutes=_minutes(row["locked_until"], now) if is_locking else 0,
        is_locking=is_locking,
        needs_operator=row["needs_admin"],
        stored=PinHash(row["hash"], row["pepper_id"]),
    )


def check(ticket: PinTicket, pin: str) -> PinChecked:
    """Check a PIN: about 10 ms of CPU, no database; run it in a bounded pool."""
    answer = security.verify_pin(ticket.user_id, pin, ticket.stored)
    renewed = security.hash_pin(ticket.user_id, pin) if answer.is_outdated else None
    return PinChecked(answer.is_right, renewed)


def settle_try(session: Session, ticket: PinTicket, checked: PinChecked) -> PinSettled:
    """Write down how a counted try ended: a right one clears tries and locks, a locking one tells the person by SMS."""
    if checked.is_right:
        renewed = checked.renewed
        driver(session).execute(
            _SETTLE_RIGHT,
            {
                "user": ticket.user_id,
                "now": clock.now(),
                "is_mine": ticket.needs_operator,
                "checked": ticket.stored.hash,
                "hash": renewed.hash if renewed else None,
                "pepper": renewed.pepper_id if renewed else None,
            },
        )
    elif ticket.is_locking:
        _tell(session, ticket.user_id, "pin_bloque", {"minutes": ticket.minutes}, priority=0)
    is_locked = ticket.is_locking and not checked.is_right
    return PinSettled(checked.is_right, TRIES if checked.is_right else ticket.left, ticket.minutes, is_locked)


def choose(session: Session, user_id: UUID, pin: PinHash) -> bool:
    """Give a person his first PIN; False, and nothing changed, when he has one: that takes the old one (`change`)."""
    now = clock.now()
    row = fetch_one(
        session,
        """
        insert into pin_credential
            (id, created_at, user_id, hash, pepper_id, tries, locks, wrong_today, needs_admin, changed_at, notes)
        values (gen_random_uuid(), %(now)s, %(user)s, %(hash)s, %(pepper)s, 0, 0, 0, false, %(now)s, '{}')
        on conflict (user_id) do nothing returning id
        """,
        {"now": now, "user": user_id, "hash": pin.hash, "pepper": pin.pepper_id},
    )
    return row is not None


def change(session: Session, user_id: UUID, pin: PinHash) -> None:
    """Replace a PIN whose old one was just proved in the same dialogue, and tell the person by SMS."""
    now = clock.now()
    changed = driver(session).execute(
        "update pin_credential set hash = %s, pepper_id = %s, changed_at = %s where user_id = %s",
        (pin.hash, pin.pepper_id, now, user_id),
    )
    if changed.rowcount == 0:
        raise NoPin
    _tell(session, user_id, "pin_change", {"date": f"{now:%d/%m/%Y}"}, priority=0)


def unlock(session: Session, actor: Actor, order: UnlockPin) -> ApprovalRow:
    """Ask a second person to let somebody try again; `NoPin` where there is none, `AlreadyAsked` while it waits."""
    actor.require(UNLOCK.asks)
    get_state(session, order.user_id)
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=UNLOCK.name,
            subject_type="user",
            subject_id=order.user_id,
            summary=t("Débloquer un code PIN"),
            reason=order.reason,
            payload=order.model_dump(mode="json"),
        ),
    )


def _unlock(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    """Clear tries, locks and the operator's barrier; the PIN itself stays."""
    order = UnlockPin.model_validate(approval.payload)
    before = get_state(session, order.user_id)
    driver(session).execute(
        "update pin_credential set tries = 0, locks = 0, locked_until = null, wrong_today = 0, wrong_day = null,"
        " needs_admin = false where user_id = %s",
        (order.user_id,),
    )
    was = {"locks": before.locks, "needs_operator": before.needs_operator}
    audit.record(session, actor, "pin.unlock", "user", str(order.user_id), summary=order.reason, changes=was)


UNLOCK = approvals.register(
    Kind(
        name="pin_unlock",
        title="Débloquer un code PIN",
        asks=Permission.SUBSCRIBERS_WRITE,
        decides=Permission.SUBSCRIBERS_WRITE,
        on_approved=_unlock,
    )
)


def report_sim_change(session: Session, actor: Actor, order: ReportSimChange) -> bool:
    """Ask for the PIN before the next money step of this number; False when nobody has a PIN under it."""
    actor.require(Permission.SUBSCRIBERS_WRITE)
    row = fetch_one(
        session,
        "update pin_credential set doubted_at = %s from users u"
        " where u.id = user_id and u.phone = %s returning user_id",
        (clock.now(), order.phone),
    )
    if row is None:
        return False
    audit.record(session, actor, "pin.sim_change", "user", str(row["user_id"]), summary=order.detail)
    return True


def require_proved(session: Session, user_id: UUID) -> None:
    """Refuse with `ProofDue` while this person has to prove the PIN before money moves; a right try is the proof."""
    row = fetch_one(
        session,
        "select doubted_at is not null or coalesce(proved_at, changed_at) < %s as is_due"
        " from pin_credential where user_id = %s",
        (clock.now() - SILENCE, user_id),
    )
    if row is not None and row["is_due"]:
        raise ProofDue


def _tell(session: Session, user_id: UUID, template: str, variables: dict[str, str | int], priority: int) -> None:
    person = fetch_one(session, "select phone, language from users where id = %s", (user_id,))
    if person is None or person["phone"] is None:
        return
    messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"{template}:{user_id}:{clock.now().isoformat()}",
            type=template,
            channel=Channel.SMS,
            address=person["phone"],
            template_code=template,
            recipient_id=user_id,
            locale=person["language"],
            variables=variables,
            priority=priority,
        ),
    )


def _minutes(locked_until: datetime | None, now: datetime) -> int:
    """Return the whole minutes until `locked_until`; a day when only an operator can open."""
    if locked_until is None or locked_until <= now:
        return DAY_MINUTES
    return math.ceil((locked_until - now).total_seconds() / 60)


# Reads


@dataclass(frozen=True, slots=True)
class PinState:
    """How a person's PIN stands."""

    tries_left: int
    locks: int
    locked_until: datetime | None
    needs_operator: bool
    changed_at: datetime

    @property
    def is_locked(self) -> bool:
        """Whether a try would be refused now."""
        return self.needs_operator or (self.locked_until is not None and self.locked_until > clock.now())


def get_state(session: Session, user_id: UUID) -> PinState:
    """Return the state of a PIN, or refuse with `NoPin`."""
    row = fetch_one(
        session,
        "select tries, locks, locked_until, needs_admin, changed_at from pin_credential where user_id = %s",
        (user_id,),
    )
    if row is None:
        raise NoPin
    # A lock that is over leaves three tries standing at their end: the next one begins again.
    left = TRIES if row["tries"] >= TRIES else TRIES - row["tries"]
    return PinState(left, row["locks"], row["locked_until"], row["needs_admin"], row["changed_at"])
