"""Who is who, decided by a person: two codes of one person, one code of two people, or later; each can be undone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlmodel import col, select

from core import clock, live
from core.database import Session, driver
from core.errors import InvalidInput, NotFound, Refusal
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.ciu import CiuRecord
from models.ciu_pairs import PAIR_STEPS, CiuPair, PairState
from services import audit
from services.ciu.reasons import Reason
from services.ciu.store import families, notices, pairs, splitting
from services.ciu.store.conversations import TOPIC

HAND = "hand"  # a reviewer asked, no evidence did


class DecidePair(Order):
    """What a reviewer says of a pair, and why. `keep_id`: whose code stands, or which of those with equal answers."""

    pair_id: UUID
    decision: Literal["same", "two", "later"]
    keep_id: UUID | None = None
    reason: Reason


class UndoDecision(Order):
    """A reviewer takes back what was decided of a pair, and why."""

    pair_id: UUID
    reason: Reason


class SplitRecord(Order):
    """Of a code that several addresses hold, one is another person's, and why."""

    record_id: UUID
    identity_id: UUID
    reason: Reason


class DecidedSince(Refusal):
    """A later decision stands on this one."""

    code = "decide_depuis"
    status = 409
    sentence = "Une décision plus récente s'appuie sur celle-ci : annulez-la d'abord."


@dataclass(frozen=True, slots=True)
class Decided:
    """How a pair stands now, and how many people got another code by it."""

    pair_id: UUID
    state: PairState
    told: int


def decide(session: Session, actor: Actor, order: DecidePair) -> Decided:
    """Decide a pair that waits; whoever's code changes is told, now or at the next message."""
    actor.require(Permission.CIU_ACT)
    pair = _take(session, order.pair_id)
    state = PairState(order.decision)
    _note(actor, pair, state, order.reason)
    changes: list[notices.Change] = []
    if state is PairState.SAME:
        changes = _join(session, pair, order.keep_id)
    elif state is PairState.TWO and pair.right_id is None:
        changes = _part(session, pair)
    if state is not PairState.LATER:
        _decide_alike(session, actor, pair, state, order.reason)
    return _finish(session, actor, pair, order.reason, changes)


def undo(session: Session, actor: Actor, order: UndoDecision) -> Decided:
    """Take a decision back: codes resolve as before it, and the pair waits again."""
    actor.require(Permission.CIU_ACT)
    pair = _take(session, order.pair_id)
    before = PairState(pair.state)
    joined = [one for one in (pair.merged_id, pair.survivor_id, pair.split_id, pair.left_id) if one]
    family = families.lock_family(session, joined)
    changes: list[notices.Change] = []
    if before is PairState.SAME and pair.right_id is None and pair.survivor_id and pair.identity_id:
        splitting.move_link(session, pair.identity_id, pair.survivor_id, pair.left_id)
        changes = [notices.Change(pair.left_id, (pair.identity_id,))]
        pair.survivor_id = None
    elif before is PairState.SAME and pair.merged_id:
        changes = [notices.change_of(session, pair.merged_id, family.below(pair.merged_id))]
    elif before is PairState.TWO and pair.split_id:
        if family.parents[pair.split_id] is not None or family.root(pair.left_id) == pair.split_id:
            raise DecidedSince
        changes = [notices.change_of(session, family.root(pair.left_id), family.below(pair.split_id))]
    _note(actor, pair, PairState.OPEN, order.reason)
    if before is PairState.SAME:
        pair.merged_id = pair.survivor_id = None
    session.flush()
    families.settle(session, family.parents)
    _reopen(session, actor, family.parents, order.reason)
    return _finish(session, actor, pair, order.reason, changes, is_undone=True)


def split_record(session: Session, actor: Actor, order: SplitRecord) -> Decided:
    """Give one of those who hold a code a code of his own: only a person can know that they are two."""
    actor.require(Permission.CIU_ACT)
    _lock_person(session, order.identity_id)
    pair_id = pairs.note_by_hand(session, order.record_id, order.identity_id, HAND)
    if pair_id is None:
        raise splitting.NotTheirs
    return decide(session, actor, DecidePair(pair_id=pair_id, decision="two", reason=order.reason))


# Steps


def _take(session: Session, pair_id: UUID) -> CiuPair:
    """Return a pair, held after its person; a rehearsal's is nobody's to decide."""
    seen = session.get(CiuPair, pair_id)
    if seen is not None and seen.identity_id is not None:
        _lock_person(session, seen.identity_id)
    pair = session.get(CiuPair, pair_id, with_for_update=True, populate_existing=True)
    if pair is None or session.get_one(CiuRecord, pair.left_id).is_test:
        raise NotFound(thing="ciu_pair")
    return pair


def _note(actor: Actor, pair: CiuPair, state: PairState, reason: str) -> None:
    transition(pair, PAIR_STEPS, state)
    pair.decided_by, pair.decided_at, pair.reason = actor.user_id, clock.now(), reason


def _join(session: Session, pair: CiuPair, keep_id: UUID | None) -> list[notices.Change]:
    """Let one code stand for both; of one record, let its second address hold another with the same answers."""
    if pair.right_id is None:
        return _move(session, pair, keep_id)
    family = families.lock_family(session, (pair.left_id, pair.right_id))
    roots = {one: family.root(one) for one in (pair.left_id, pair.right_id)}
    kept = roots.get(keep_id or pair.left_id)
    if kept is None:
        raise InvalidInput({"keep_id": t("Choisissez un des deux codes.")})
    lost = next((root for root in roots.values() if root != kept), None)
    if lost is None:
        return []  # they were one person already
    pair.merged_id, pair.survivor_id = lost, kept
    session.flush()
    change = notices.change_of(session, kept, family.below(lost))
    families.settle(session, family.parents)
    return [change]


def _move(session: Session, pair: CiuPair, keep_id: UUID | None) -> list[notices.Change]:
    if keep_id is None or keep_id == pair.left_id or pair.identity_id is None:
        return []
    if keep_id not in splitting.list_same_answers(session, pair.left_id):
        raise InvalidInput({"keep_id": t("Ce code n'est pas celui des mêmes réponses.")})
    families.lock_family(session, (pair.left_id, keep_id))
    splitting.move_link(session, pair.identity_id, pair.left_id, keep_id)
    pair.survivor_id = keep_id
    return [notices.Change(keep_id, (pair.identity_id,))]


def _part(session: Session, pair: CiuPair) -> list[notices.Change]:
    """Give the second person his own code; one that was made before and taken back is his again."""
    if pair.identity_id is None:
        raise splitting.NotTheirs
    family = families.lock_family(session, [one for one in (pair.left_id, pair.split_id) if one])
    if pair.split_id is None:
        pair.split_id = splitting.split(session, pair, pair.identity_id)
        return [notices.Change(pair.split_id, (pair.identity_id,))]
    splitting.move_link(session, pair.identity_id, pair.left_id, pair.split_id)
    families.settle(session, family.parents)
    return [notices.change_of(session, pair.split_id, family.below(pair.split_id))]


def _lock_person(session: Session, identity_id: UUID) -> None:
    """Hold the address before anything else, as a message of his and whoever forgets him do."""
    driver(session).execute("select 1 from ciu_identity where id = %s for no key update", (identity_id,))


def _decide_alike(session: Session, actor: Actor, pair: CiuPair, state: PairState, reason: str) -> None:
    """Decide what waits for another cause about the same record and address."""
    if pair.right_id is not None:
        return
    alike = session.exec(
        select(CiuPair)
        .where(
            CiuPair.left_id == pair.left_id,
            CiuPair.identity_id == pair.identity_id,
            CiuPair.id != pair.id,
            col(CiuPair.state).in_([PairState.OPEN, PairState.LATER]),
        )
        .with_for_update()
    )
    for one in alike.all():
        _note(actor, one, state, reason)
        session.add(one)


def _reopen(session: Session, actor: Actor, record_ids: Iterable[UUID], reason: str) -> None:
    """Let what went without saying wait again: two codes that were one person's by the decision taken back."""
    ids = [*record_ids]
    family = families.lock_family(session, ids)
    moot = session.exec(
        select(CiuPair)
        .where(
            CiuPair.state == PairState.SAME,
            col(CiuPair.merged_id).is_(None),
            col(CiuPair.left_id).in_(ids),
            col(CiuPair.right_id).in_(ids),
        )
        .with_for_update()
    )
    for one in moot.all():
        if one.right_id is not None and family.root(one.left_id) != family.root(one.right_id):
            _note(actor, one, PairState.OPEN, reason)
            session.add(one)


def _finish(
    session: Session,
    actor: Actor,
    pair: CiuPair,
    reason: str,
    changes: list[notices.Change],
    *,
    is_undone: bool = False,
) -> Decided:
    session.add(pair)
    session.flush()
    told = sum(notices.tell(session, change, is_undone=is_undone) for change in changes)
    # Codes are not in the trail: it would outlive what is erased.
    audit.record(session, actor, f"ciu.pair_{pair.state}", "ciu_pair", pair.id, reason, {"told": told})
    live.ring_after_commit(session, TOPIC)
    return Decided(pair.id, PairState(pair.state), told)
