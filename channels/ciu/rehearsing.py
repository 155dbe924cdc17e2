"""What the chat simulator sees and does: where a rehearsal stands, what Meta would be given, and its end.

Everything here looks at numbers of rehearsals alone, whatever it is asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.permissions import Actor, Permission
from models.whatsapp import WhatsappChannel
from services import audit
from services.ciu.identities import Identity
from services.ciu.store.keys import get_ciu_keys
from services.whatsapp import inbox, replies

MOST_EVENTS = 40
JUST_OVER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the statistics, of a rehearsal."""

    at: datetime
    name: str
    question: str
    error: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a simulated telephone stands in a programme; `step` and `page` are empty without an open conversation.

    `codes` are those it was given, all made with the salt of rehearsals.
    """

    language: str
    step: int | None
    page: str
    questions: int
    question: str
    recipe: str
    refusals: int
    expires_at: datetime | None
    end_reason: str
    is_stopped: bool
    codes: tuple[str, ...]
    happened: tuple[Happened, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Meta's worker made of a message; `text` is empty where nothing is said."""

    text: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What rehearsals left behind."""

    telephones: int
    codes: int


_STANDING = """
select i.id, i.language as chosen, x.is_stopped, c.step, c.page, c.language, c.refusals, c.expires_at, c.ended_at,
    c.end_reason, r.key, r.version, r.body -> 'questions' as questions
from ciu_identity i join whatsapp_sender s on s.id = %(sender)s
left join ciu_contact x on x.identity_id = i.id and x.programme_id = s.programme_id
left join lateral (
    select * from ciu_conversation where identity_id = i.id and programme_id = s.programme_id
    order by ended_at is null desc, ended_at desc limit 1) c on true
left join ciu_recipe r on r.id = c.recipe_id
where i.lookup = any(%(lookups)s) and i.is_test
"""
_CODES = """
select r.code from ciu_record_identity l join ciu_record r on r.id = l.record_id
where l.identity_id = %s and r.is_test and r.code is not null order by l.last_at desc limit 20
"""
_EVENTS = """
select e.created_at as at, e.name, e.question, e.error from ciu_event e
where e.is_test and e.conversation_id in (select id from ciu_conversation where identity_id = %s)
order by e.created_at desc, e.id desc limit %s
"""


def expire_now(session: Session, actor: Actor, sender_id: UUID, phone: str) -> bool:
    """Let a rehearsal's open conversation have waited too long; say whether there was one."""
    actor.require(Permission.CIU_ACT)
    late = driver(session).execute(
        """
        update ciu_conversation c set expires_at = %(over)s
        from ciu_identity i, whatsapp_sender s
        where i.id = c.identity_id and i.is_test and i.lookup = any(%(lookups)s)
          and s.id = %(sender)s and c.programme_id = s.programme_id and c.ended_at is null
        """,
        {"over": clock.now() - JUST_OVER, "lookups": _lookups(phone), "sender": sender_id},
    )
    return late.rowcount > 0


def erase(session: Session, actor: Actor) -> Kept:
    """Erase everything that rehearsals left, of every programme; return how much it was."""
    actor.require(Permission.CIU_ACT)
    driver(session).execute("select id from ciu_identity where is_test order by id for update")
    kept = count_kept(session, actor)
    for statement in (
        "delete from whatsapp_reply where identity_id in (select id from ciu_identity where is_test)",
        "delete from ciu_event where is_test",
        "delete from ciu_pair where left_id in (select id from ciu_record where is_test)",
        "delete from ciu_record where is_test",
        "delete from ciu_identity where is_test",
    ):
        driver(session).execute(statement)
    audit.record(session, actor, "ciu.erase_rehearsals", "ciu_rehearsal", changes={"codes": kept.codes})
    return kept


# Reads


def get_standing(session: Session, actor: Actor, sender_id: UUID, phone: str) -> Standing | None:
    """Return where a simulated telephone stands; None before its first message. Never its answers."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(session, _STANDING, {"sender": sender_id, "lookups": _lookups(phone)})
    if row is None:
        return None
    is_open = row["step"] is not None and row["ended_at"] is None
    events = fetch_all(session, _EVENTS, (row["id"], MOST_EVENTS))
    return Standing(
        language=(row["language"] if is_open else row["chosen"]) or "",
        step=row["step"] if is_open else None,
        page=row["page"] if is_open else "",
        questions=len(row["questions"] or ()),
        question=_question(row) if is_open else "",
        recipe=f"{row['key']} {row['version']}" if row["key"] else "",
        refusals=row["refusals"] if is_open else 0,
        expires_at=row["expires_at"] if is_open else None,
        end_reason=row["end_reason"] or "",
        is_stopped=bool(row["is_stopped"]),
        codes=tuple(each["code"] for each in fetch_all(session, _CODES, (row["id"],))),
        happened=tuple(Happened(**event) for event in events),
    )


def get_answer(session: Session, actor: Actor, message_id: str) -> Answer | None:
    """Return what a message through Meta was answered; None while it waits for the worker."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(
        session,
        """
        select m.payload_enc is not null as is_waiting, r.id as reply_id
        from whatsapp_inbound m left join whatsapp_reply r on r.id = m.reply_id
        left join ciu_identity i on i.id = r.identity_id
        where m.channel = %s and m.provider_id = %s and coalesce(i.is_test, true)
        """,
        (WhatsappChannel.META, inbox.digest_of(message_id)),
    )
    if row is None or row["is_waiting"]:
        return None
    letter = replies.open_letter(session, str(row["reply_id"])) if row["reply_id"] else None
    return Answer(letter.body if letter.choices else letter.text, letter.choices) if letter else Answer("", ())


def count_kept(session: Session, actor: Actor) -> Kept:
    """Return how much rehearsals left behind."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(
        session,
        """
        select (select count(*) from ciu_identity where is_test) as telephones,
            (select count(*) from ciu_record where is_test and code is not null) as codes
        """,
    )
    return Kept(**row) if row else Kept(0, 0)


def _lookups(phone: str) -> list[bytes]:
    return [*get_ciu_keys().lookups(str(Identity("phone", phone, phone))).values()]


def _question(row: dict[str, Any]) -> str:
    """Return the id of the question that is asked."""
    step, questions = row["step"], row["questions"]
    return str(questions[step]["id"]) if row["page"] == "question" and 0 <= step < len(questions) else ""
