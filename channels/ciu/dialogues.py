"""The state of a conversation between two messages: read before a turn, written after it, its answers sealed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.ciu.conversation import (
    Aside,
    EndReason,
    Event,
    Page,
    Run,
    State,
    Turn,
    pack_answers,
    unpack_answers,
)
from core import clock, ids
from core.database import Session, driver, fetch_one
from services.ciu.recipes import Recipe
from services.ciu.store.people import Person, set_language
from services.ciu.store.programmes import Programme, load_recipe
from services.whatsapp import replies
from services.whatsapp.sealing import seal, unseal

NOBODY = UUID(int=0)

_LOAD = "select * from ciu_standing(%(programme)s, %(identity)s)"
_OPEN = """
insert into ciu_conversation (id, created_at, programme_id, identity_id, recipe_id, page, step, language, answers_enc,
    refusals, expires_at, consented_at, end_reason, is_told)
values (%(id)s, %(started_at)s, %(programme)s, %(identity)s, %(recipe)s, %(page)s, %(step)s, %(language)s,
    %(answers)s, %(refusals)s, %(expires_at)s, %(consented_at)s, '', true)
"""
_GO_ON = """
update ciu_conversation set page = %(page)s, step = %(step)s, language = %(language)s, answers_enc = %(answers)s,
    refusals = refusals + %(refusals)s, expires_at = %(expires_at)s, consented_at = %(consented_at)s
where id = %(id)s
"""
_END = """
update ciu_conversation set ended_at = %(now)s, end_reason = %(reason)s, answers_enc = null, is_told = %(is_told)s
where id = %(id)s
"""
_CONTACT = """
insert into ciu_contact (id, created_at, programme_id, identity_id, aside, aside_until, issued_at, is_stopped)
values (%(id)s, %(now)s, %(programme)s, %(identity)s, %(aside)s, %(aside_until)s, %(issued_at)s, %(is_stopped)s)
on conflict (programme_id, identity_id) do update set aside = excluded.aside, aside_until = excluded.aside_until,
    issued_at = excluded.issued_at, is_stopped = excluded.is_stopped
"""
_CONSENT = """
insert into ciu_consent (id, created_at, programme_id, identity_id, recipe_id, language, channel, is_explicit)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_EVENT = """
insert into ciu_event (id, created_at, programme_id, conversation_id, recipe_id, name, question, error, language,
    is_test)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Where somebody stands in a programme; `begun` is the recipe of the open conversation.

    `untold_record_id` is the code that became his by a review, and that he has not been told of.
    """

    programme: Programme
    person: Person
    state: State
    conversation_id: UUID | None = None
    recipe_id: UUID | None = None
    begun: Recipe | None = None
    untold_record_id: UUID | None = None


def load(session: Session, programme: Programme, person: Person) -> Dialogue:
    """Return where somebody stands; his row is locked."""
    row = fetch_one(session, _LOAD, {"programme": programme.id, "identity": person.id})
    assert row is not None  # noqa: S101  # a left join of one row
    return read(session, programme, person, row)


def read(session: Session, programme: Programme, person: Person, row: Mapping[str, Any]) -> Dialogue:
    """Return where somebody stands, as `ciu_standing` says it."""
    run, begun = None, None
    if row["conversation_id"] is not None:
        begun = load_recipe(session, row["recipe_id"])
        answers = unseal(bytes(row["answers_enc"]), _context(row["conversation_id"]))
        run = Run(
            recipe_key=begun.key,
            recipe_version=begun.version,
            language=row["spoken"],
            page=Page(row["page"]),
            answers=unpack_answers(answers),
            started_at=row["started_at"],
            expires_at=row["expires_at"],
            consented_at=row["consented_at"],
        )
    state = State(
        run=run,
        language=person.language,
        aside=Aside(row["aside"]) if row["aside"] else None,
        aside_until=row["aside_until"],
        issued_at=row["issued_at"],
        untold=row["untold"] or "",
        is_stopped=bool(row["is_stopped"]),
    )
    return Dialogue(programme, person, state, row["conversation_id"], row["recipe_id"], begun, row["untold_record_id"])


def save(session: Session, dialogue: Dialogue, turn: Turn, channel: str) -> UUID | None:
    """Keep what a turn changed, all of it in the caller's transaction; return the conversation that is open now."""
    conversation_id = dialogue.conversation_id
    if turn.ended is not None and conversation_id is not None:
        _end(session, conversation_id, turn)
    is_new = any(event.name == "started" for event in turn.events)
    open_id = uuid.uuid4() if is_new else conversation_id if turn.state.run else None
    _save_consent(session, dialogue, turn, channel)
    if turn.state.run is not None and open_id is not None:
        recipe_id = dialogue.programme.recipe_id if is_new else dialogue.recipe_id
        _save_run(session, dialogue, turn, turn.state.run, open_id, recipe_id, is_new=is_new)
    record_events(session, dialogue, turn, open_id)
    _save_person(session, dialogue, turn.state)
    return open_id


def record_events(session: Session, dialogue: Dialogue, turn: Turn, open_id: UUID | None) -> None:
    """Write the lines of a turn; those before `started` are of the conversation that ended in it."""
    starts = next((place for place, event in enumerate(turn.events) if event.name == "started"), 0)
    rows = []
    for place, event in enumerate(turn.events):
        is_before = place < starts
        conversation_id = dialogue.conversation_id if is_before or open_id is None else open_id
        recipe_id = dialogue.recipe_id if is_before else dialogue.recipe_id or dialogue.programme.recipe_id
        rows.append(_event_row(dialogue, event, conversation_id, recipe_id, turn.language))
    _write_events(session, rows)


def record_repeat(session: Session, programme: Programme, *, is_test: bool) -> None:
    """Count a message that came again: of no conversation, for it changed none."""
    nobody = Dialogue(programme, Person(NOBODY, "", "", is_test=is_test, has_room=True), State())
    _write_events(session, [_event_row(nobody, Event("repeated"), None, None, "")])


def _event_row(
    dialogue: Dialogue, event: Event, conversation_id: UUID | None, recipe_id: UUID | None, language: str
) -> tuple[Any, ...]:
    return (
        ids.new_id(),
        clock.now(),
        dialogue.programme.id,
        conversation_id,
        recipe_id,
        event.name,
        event.question,
        event.error,
        language,
        dialogue.person.is_test,
    )


def _write_events(session: Session, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        with driver(session).cursor() as cursor:
            cursor.executemany(_EVENT, rows)


def _end(session: Session, conversation_id: UUID, turn: Turn) -> None:
    """End a conversation: its answers and its replies are gone, a stone stays for a day."""
    assert turn.ended is not None  # noqa: S101  # the caller asked
    reason = turn.ended.reason
    is_told = reason is not EndReason.EXPIRED or not turn.state.untold
    asked = {"id": conversation_id, "now": clock.now(), "reason": reason, "is_told": is_told}
    driver(session).execute(_END, asked)
    replies.erase(session, conversation_id)


def _save_run(  # what a row is made of
    session: Session, dialogue: Dialogue, turn: Turn, run: Run, open_id: UUID, recipe_id: UUID | None, *, is_new: bool
) -> None:
    driver(session).execute(
        _OPEN if is_new else _GO_ON,
        {
            "id": open_id,
            "programme": dialogue.programme.id,
            "identity": dialogue.person.id,
            "recipe": recipe_id,
            "page": run.page,
            "step": run.step,
            "language": run.language,
            "answers": seal(pack_answers(run.answers), _context(open_id)),
            "refusals": sum(event.name == "refused" for event in turn.events),
            "started_at": run.started_at,
            "expires_at": run.expires_at,
            "consented_at": run.consented_at,
        },
    )


def _save_consent(session: Session, dialogue: Dialogue, turn: Turn, channel: str) -> None:
    """Keep who agreed, once a conversation."""
    run = turn.state.run or (turn.ended.run if turn.ended else None)
    before = dialogue.state.run
    had_consented = before is not None and before.consented_at is not None
    if run is None or run.consented_at is None or had_consented:
        return
    driver(session).execute(
        _CONSENT,
        (
            ids.new_id(),
            run.consented_at,
            dialogue.programme.id,
            dialogue.person.id,
            dialogue.recipe_id or dialogue.programme.recipe_id,
            run.language,
            channel,
            turn.recipe.consent == "explicit",
        ),
    )


def _save_person(session: Session, dialogue: Dialogue, state: State) -> None:
    before, person = dialogue.state, dialogue.person
    if state.language != before.language:
        set_language(session, person, state.language)
    if before.untold and not state.untold:
        driver(session).execute(
            "update ciu_conversation set is_told = true where programme_id = %s and identity_id = %s and not is_told",
            (dialogue.programme.id, person.id),
        )
    kept = (state.aside, state.aside_until, state.issued_at, state.is_stopped)
    if kept == (before.aside, before.aside_until, before.issued_at, before.is_stopped):
        return
    driver(session).execute(
        _CONTACT,
        {
            "id": ids.new_id(),
            "now": clock.now(),
            "programme": dialogue.programme.id,
            "identity": person.id,
            "aside": state.aside or "",
            "aside_until": state.aside_until,
            "issued_at": state.issued_at,
            "is_stopped": state.is_stopped,
        },
    )


def _context(conversation_id: UUID) -> str:
    return f"ciu_conversation:{conversation_id}"
