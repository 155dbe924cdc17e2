"""Who may do what with pensions: one rule an act (specification, B). Denied unless a rule says otherwise.

Rights are read again where the act is done, under the lock of what it changes: what the request brought along may be
old. Something of another organisation is not there at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from core.database import Session, fetch_one
from core.errors import Forbidden
from core.permissions import Actor, Permission
from models.users import UserState
from services.approvals import PersonNeeded
from services.pensions.refusals import BatchNotFound, OrganisationClosed, SamePersonApproves
from services.pensions.settings import SettingsRow, find_settings
from services.pensions.shapes import BatchRow
from services.users.actors import PERSON, person_actor


class Act(StrEnum):
    """What somebody does with batches, payments and accounts."""

    READ = "read"
    UPLOAD = "upload"
    PREVIEW = "preview"
    CONFIRM = "confirm"
    RETRY = "retry"
    CANCEL = "cancel"
    APPROVE = "approve"
    REJECT = "reject"
    PAUSE = "pause"
    RESUME = "resume"
    RELEASE = "release"
    REFUSE = "refuse"
    INQUIRE = "inquire"
    SETTLE = "settle"
    HINT = "hint"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Case:
    """An act as it is judged: who, of which organisation, about which batch if there is one."""

    actor: Actor
    settings: SettingsRow
    batch: BatchRow | None = None

    def may(self, permission: Permission) -> bool:
        """Say whether the actor holds a permission in the organisation of the case."""
        return self.actor.may(permission, self.settings.organisation_id)

    @property
    def was_sent_by_actor(self) -> bool:
        """Whether the actor uploaded or confirmed the batch."""
        if self.batch is None:
            return False
        signed = (self.batch.created_by, self.batch.confirmed_by)
        return self.actor.user_id in {one.user_id for one in signed if one is not None}

    @property
    def has_four_eyes(self) -> bool:
        """Whether a second person has to agree to the batch."""
        if self.batch is None:
            return self.settings.four_eyes_from_minor is not None
        is_repeated = self.batch.has_accepted_duplicates
        return self.settings.needs_approval(self.batch.total.amount_minor, has_accepted_duplicates=is_repeated)


def may_read(case: Case) -> bool:
    """Both roles in their organisation, an administrator everywhere."""
    return case.may(Permission.PENSIONS_READ)


def may_send(case: Case) -> bool:
    """Upload, preview, confirm, retry, cancel, resume: the managers of the organisation."""
    return case.may(Permission.PENSIONS_WRITE)


def may_decide(case: Case) -> bool:
    """Approve, reject: the supervisors of the organisation, but never who uploaded or confirmed."""
    if not case.may(Permission.PENSIONS_APPROVE):
        return False
    if case.was_sent_by_actor:
        raise SamePersonApproves
    return True


def may_pause(case: Case) -> bool:
    """Both roles in their organisation, an administrator everywhere."""
    return case.may(Permission.PENSIONS_PAUSE)


def may_release(case: Case) -> bool:
    """Release or refuse what is held: a manager, not the uploader under four eyes; a supervisor only under them."""
    if not case.may(Permission.PENSIONS_RELEASE):
        return False
    if case.has_four_eyes and case.was_sent_by_actor:
        raise SamePersonApproves
    return case.has_four_eyes or case.may(Permission.PENSIONS_WRITE)


def may_inquire(case: Case) -> bool:
    """Ask the switch again: both roles in their organisation, an administrator everywhere."""
    return case.may(Permission.PENSIONS_READ)


def may_settle(case: Case) -> bool:
    """Say with a proof how an unknown ended: two persons, of the organisation or of the platform."""
    return case.may(Permission.PENSIONS_SETTLE)


def may_administer(case: Case) -> bool:
    """Open, fund and close accounts, change settings: administrators."""
    return case.may(Permission.PENSIONS_ACCOUNTS)


RULES: Mapping[Act, Callable[[Case], bool]] = {
    Act.READ: may_read,
    Act.UPLOAD: may_send,
    Act.PREVIEW: may_send,
    Act.CONFIRM: may_send,
    Act.RETRY: may_send,
    Act.CANCEL: may_send,
    Act.APPROVE: may_decide,
    Act.REJECT: may_decide,
    Act.PAUSE: may_pause,
    Act.RESUME: may_send,
    Act.RELEASE: may_release,
    Act.REFUSE: may_release,
    Act.INQUIRE: may_inquire,
    Act.SETTLE: may_settle,
    Act.HINT: may_send,
    Act.ADMINISTER: may_administer,
}
# A closed organisation reads, stops and follows what is out; these would send.
SENDING = frozenset(
    {Act.UPLOAD, Act.PREVIEW, Act.CONFIRM, Act.RETRY, Act.APPROVE, Act.RESUME, Act.RELEASE},
)
# Done in a person's name: it is written beside the batch.
SIGNED = frozenset(Act) - {Act.READ, Act.INQUIRE, Act.HINT, Act.ADMINISTER}


def require(session: Session, actor: Actor, act: Act, batch: BatchRow) -> SettingsRow:
    """Refuse an act on a batch unless the actor, with the rights he has now, may do it; return the settings."""
    return _judge(session, actor, act, batch.organisation_id, batch)


def require_in(session: Session, actor: Actor, act: Act, organisation_id: UUID) -> SettingsRow:
    """Refuse an act in an organisation unless the actor, with the rights he has now, may do it; return its settings."""
    return _judge(session, actor, act, organisation_id, None)


def person(actor: Actor) -> UUID:
    """Return who acts; refuse a machine's key, and the system: these acts are signed."""
    if actor.user_id is None:
        raise PersonNeeded
    return actor.user_id


def as_of_now(session: Session, actor: Actor) -> Actor:
    """Return the actor with the rights that the database says he has at this moment; none for one who was closed."""
    if actor.user_id is None:
        return actor
    row = fetch_one(session, f"select {PERSON}, null as session_id from users u where u.id = %s", (actor.user_id,))
    if row is None or row["state"] != UserState.ACTIVE:
        return replace(actor, grants=())
    return replace(actor, grants=person_actor(row, actor.address).grants)


def _judge(session: Session, actor: Actor, act: Act, organisation_id: UUID, batch: BatchRow | None) -> SettingsRow:
    case = Case(as_of_now(session, actor), find_settings(session, organisation_id), batch)
    if not may_read(case):
        raise BatchNotFound
    if not RULES[act](case):
        raise Forbidden(required=f"pensions:{act}")
    if act in SIGNED:
        person(actor)
    if act in SENDING and not case.settings.is_active:
        raise OrganisationClosed
    return case.settings
