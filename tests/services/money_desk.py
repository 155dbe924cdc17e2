"""The money desk under test: the world of the dialogues, two operators, an administrator, and what they agree on."""

from uuid import UUID

from core import ids
from core.database import Database
from core.permissions import Actor, Grant, Role, Scope
from models.users import User
from services import approvals
from services.approvals import ApprovalRow, DecideApproval
from tests.builders import world
from tests.services.wallet_world import ADMIN, OPERATOR

SECOND = Actor(ids.new_id(), "Seconde opératrice", (Grant(Scope.USSD, Role.OPERATEUR),))


def build(database: Database) -> Database:
    """Write the world and the staff."""
    world.build(database)
    with database.transaction() as session:
        for actor in (OPERATOR, SECOND, ADMIN):
            assert actor.user_id is not None
            session.add(User(id=actor.user_id, first_name=actor.name))
    return database


def decide(database: Database, actor: Actor, approval_id: UUID, *, is_approved: bool = True) -> ApprovalRow:
    """Answer a question."""
    with database.transaction() as session:
        return approvals.decide(
            session, actor, DecideApproval(approval_id=approval_id, is_approved=is_approved, reason="vu")
        )


def waiting(database: Database, actor: Actor) -> list[ApprovalRow]:
    """Return what waits for a second person."""
    with database.transaction() as session:
        return approvals.list_waiting(session, actor)
