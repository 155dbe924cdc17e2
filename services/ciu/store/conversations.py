"""Conversations that go on, as the console sees them: where each stands, and never an answer or a number."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import clock, ids, live
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.orders import Order
from core.permissions import Actor, Permission
from services import audit
from services.ciu.reasons import Reason
from services.ciu.store.programmes import load_recipe
from services.whatsapp import replies

MOST_SHOWN = 200
TOPIC = "ciu-console"  # what consoles hear; the worker listens to another


class EndConversation(Order):
    """Somebody ends a conversation that goes on, and why."""

    conversation_id: UUID
    reason: Reason


class ConversationOver(Refusal):
    """It ended meanwhile: the person finished, stopped, or fell silent."""

    code = "conversation_finie"
    status = 409
    sentence = "Cette conversation est déjà finie."


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """Where a conversation stands: `step` of `steps`, `question` where one is asked, else the name of its page."""

    id: UUID
    programme: str
    page: str
    question: str
    step: int
    steps: int
    language: str
    refusals: int
    started_at: datetime
    expires_at: datetime


def end_conversation(session: Session, actor: Actor, order: EndConversation) -> None:
    """End a conversation at its person's place: answers and replies are gone, nothing is said to anybody.

    It counts as stopped; the next message of its person begins anew.
    """
    actor.require(Permission.CIU_ACT)
    row = fetch_one(session, "select identity_id from ciu_conversation where id = %s", (order.conversation_id,))
    if row is None:
        raise NotFound(thing="ciu_conversation")
    # A turn under way holds its person: we come after it.
    driver(session).execute("select 1 from ciu_identity where id = %s for no key update", (row["identity_id"],))
    ended = fetch_one(
        session,
        """
        update ciu_conversation c set ended_at = %(now)s, end_reason = 'stopped', answers_enc = null
        from ciu_identity i where c.id = %(id)s and c.ended_at is null and i.id = c.identity_id
        returning c.programme_id, c.recipe_id, c.language, c.identity_id, i.is_test
        """,
        {"id": order.conversation_id, "now": clock.now()},
    )
    if ended is None:
        raise ConversationOver
    replies.erase(session, order.conversation_id)
    driver(session).execute(
        "update ciu_contact set aside = '', aside_until = null where programme_id = %s and identity_id = %s",
        (ended["programme_id"], ended["identity_id"]),
    )
    driver(session).execute(
        """
        insert into ciu_event
            (id, created_at, programme_id, conversation_id, recipe_id, name, question, error, language, is_test)
        values (%s, %s, %s, %s, %s, 'stopped', '', '', %s, %s)
        """,
        (
            ids.new_id(),
            clock.now(),
            ended["programme_id"],
            order.conversation_id,
            ended["recipe_id"],
            ended["language"],
            ended["is_test"],
        ),
    )
    audit.record(session, actor, "ciu.end", "ciu_conversation", order.conversation_id, order.reason)
    live.ring_after_commit(session, TOPIC)


# Reads


def list_conversations(session: Session, actor: Actor) -> list[OpenConversation]:
    """Return the conversations that go on, those about to expire first; rehearsals are none."""
    actor.require(Permission.CIU_ACT)
    rows = fetch_all(
        session,
        """
        select c.id, p.code as programme, c.recipe_id, c.page, c.step, c.language, c.refusals,
            c.created_at as started_at, c.expires_at
        from ciu_conversation c join ciu_identity i on i.id = c.identity_id
        join ciu_programme p on p.id = c.programme_id
        where c.ended_at is null and c.expires_at >= %s and not i.is_test order by c.expires_at limit %s
        """,
        (clock.now(), MOST_SHOWN),
    )
    found = []
    for row in rows:
        questions = load_recipe(session, row.pop("recipe_id")).questions
        step, is_question = row["step"], row["page"] == "question"
        question = questions[step].id if is_question and 0 <= step < len(questions) else ""
        page = "confirm" if is_question and step == len(questions) else row.pop("page")
        row.pop("page", None)
        found.append(OpenConversation(**row, page=page, question=question, steps=len(questions)))
    return found


def count_conversations(session: Session) -> int:
    """Return how many conversations go on; the caller has checked that the actor may know."""
    row = fetch_one(
        session,
        """
        select count(*) as number from ciu_conversation c join ciu_identity i on i.id = c.identity_id
        where c.ended_at is null and c.expires_at >= %s and not i.is_test
        """,
        (clock.now(),),
    )
    return int(row["number"]) if row else 0
