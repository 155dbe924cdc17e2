"""One message of a person: taken once, answered once, all in one transaction.

Twilio is answered at once with the very text that is kept; what came through Meta waits, and is answered through the
outbox. A repeated message changes nothing and gets the reply it got.
"""

import time
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog

from channels.ciu import dialogues, opening
from channels.ciu.conversation import Message, Rules, Turn, Wish
from channels.ciu.dialogues import Dialogue
from channels.ciu.opening import Opened
from channels.ciu.turns import settle_issue, take_turn
from core import clock, live, metrics
from core.database import Session, driver
from core.settings import get_settings
from models.whatsapp import WhatsappChannel
from services.ciu.identities import Identity
from services.ciu.recipes import shipped
from services.ciu.store import forgetting, issuing, notices, people, pictures
from services.ciu.store.conversations import TOPIC
from services.ciu.store.keys import CiuKeys, get_ciu_keys
from services.ciu.store.programmes import Programme, load_recipe
from services.ciu.texts import Reply, Say, render
from services.whatsapp import inbox, replies, twiml
from services.whatsapp.inbox import Claim
from services.whatsapp.replies import Keeping

NOTHING = Reply("")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody sent. `is_silent`: a reaction, a group's, a system's; `moves_to`: he changed numbers."""

    identity: Identity = field(repr=False)
    message: Message = field(repr=False)
    user_id: str = field(default="", repr=False)
    is_silent: bool = False
    moves_to: Identity | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said, whose it is, and the picture beside it; `taken`: the turn that is yet to be kept."""

    reply: Reply
    keeping: Keeping
    media_url: str = ""
    outcome: str = ""
    state: str = ""
    taken: tuple[Dialogue, Turn] | None = None


def answer_at_once(
    session: Session, programme: Programme, sender_id: UUID | None, provider_id: str, heard: Heard
) -> str:
    """Answer a message of Twilio's; a repeated one is answered as before, byte for byte, while that is kept."""
    begun, digest = time.perf_counter(), inbox.digest_of(provider_id)
    opened = opening.hear(session, programme, sender_id, digest, _sole_identity(heard))
    return _answer_opened(session, opened, digest, heard, begun)


def answer_at(session: Session, ours: str, provider_id: str, heard: Heard) -> str | None:
    """Answer a message of Twilio's to a number of ours; None where no programme answers there."""
    begun, digest = time.perf_counter(), inbox.digest_of(provider_id)
    opened = opening.hear_at(session, ours, digest, _sole_identity(heard))
    return None if opened is None else _answer_opened(session, opened, digest, heard, begun)


def _sole_identity(heard: Heard) -> Identity | None:
    """Return who wrote, unless he tells a second address: then he is known by either, and looked for by both."""
    return None if heard.user_id else heard.identity


def _answer_opened(session: Session, opened: Opened, digest: bytes, heard: Heard, begun: float) -> str:
    programme = opened.programme
    if opened.claim.id is None:
        return _repeated(session, programme, heard, opened.claim)
    answered = _answer(session, programme, heard, WhatsappChannel.TWILIO, opened.dialogue)
    text = twiml.render(answered.reply.text, answered.media_url)
    with driver(session).pipeline():  # nothing of this is read: it is sent together, and waited for once
        reply_id = replies.keep(session, text, _save(session, answered, WhatsappChannel.TWILIO))
        inbox.conclude(session, opened.claim.id, reply_id)
    _tell(programme, WhatsappChannel.TWILIO, digest, answered, begun)
    return text


def answer_later(
    session: Session, programme: Programme, account_id: UUID, inbound: inbox.Waiting, heard: Heard
) -> None:
    """Answer a message of Meta's that waited, through the outbox; a rehearsal's answer stays here."""
    begun = time.perf_counter()
    is_late = clock.now() - inbound.sent_at > programme.timeout
    heard = replace(heard, message=replace(heard.message, is_late=is_late))
    answered = _answer(session, programme, heard, WhatsappChannel.META)
    keeping, reply_id = _save(session, answered, WhatsappChannel.META), None
    if answered.reply.text:
        letter = replies.write(answered.reply, heard.identity.send_to, answered.media_url)
        leave = replies.rehearse if people.is_test_number(heard.identity) else replies.send
        reply_id = leave(session, letter, account_id, keeping)
    inbox.conclude(session, inbound.id, reply_id)
    _tell(programme, WhatsappChannel.META, inbound.provider_id, answered, begun)


def error_text() -> str:
    """Return what is said when something failed on our side: before anything is known of who asks."""
    recipe = shipped("document")
    return render(recipe, recipe.default_language, Say("error")).text


def _repeated(session: Session, programme: Programme, heard: Heard, claim: Claim) -> str:
    dialogues.record_repeat(session, programme, is_test=people.is_test_number(heard.identity))
    text = replies.open_text(session, claim.reply_id)
    return twiml.NOTHING if text is None else text


def _answer(
    session: Session, programme: Programme, heard: Heard, channel: WhatsappChannel, known: Dialogue | None = None
) -> Answered:
    """Take the turn; `known` is where the writer stands, when he was found already."""
    keys = get_ciu_keys()
    person = known.person if known else people.take_person(session, keys, heard.identity, heard.user_id)
    if heard.moves_to is not None:
        people.move_number(session, keys, person, heard.moves_to)
    if heard.is_silent:
        return Answered(NOTHING, Keeping(person.id), outcome="silent")
    if not person.has_room:
        metrics.whatsapp_ignored(channel, "too_many")
        return Answered(NOTHING, Keeping(person.id), outcome="too_many")
    dialogue = known or dialogues.load(session, programme, person)
    rules = Rules(load_recipe(session, programme.recipe_id), programme.timeout, dialogue.begun)
    turn = take_turn(rules, dialogue.state, heard.message, clock.now())
    if turn.wish is Wish.FORGET:
        return _forget(session, keys, dialogue, turn)
    media_url = ""
    if turn.wish is Wish.ISSUE:
        turn, media_url = _issue(session, keys, dialogue, turn)
    reply = _with_news(session, dialogue, turn, turn.reply(programme.values))
    return Answered(reply, Keeping(person.id), media_url, _outcome(turn), _state(turn), (dialogue, turn))


def _save(session: Session, answered: Answered, channel: WhatsappChannel) -> Keeping:
    """Keep what the turn changed; return whose reply it is."""
    if answered.taken is None:
        return answered.keeping
    live.ring_after_commit(session, TOPIC)
    return replace(answered.keeping, conversation_id=dialogues.save(session, *answered.taken, channel))


def _with_news(session: Session, dialogue: Dialogue, turn: Turn, reply: Reply) -> Reply:
    """Say first that a review changed this person's code, the first time he is answered."""
    if dialogue.untold_record_id is None or not reply.text:
        return reply
    news = notices.take_untold(session, dialogue.untold_record_id, dialogue.person.id, turn.language)
    return replace(reply, body=f"{news}\n\n{reply.body}") if news else reply


def _issue(session: Session, keys: CiuKeys, dialogue: Dialogue, turn: Turn) -> tuple[Turn, str]:
    """Give the code that a turn wishes for, with its picture where the recipe has one."""
    run = turn.state.run
    assert run is not None  # noqa: S101  # a wish for a code has its answers
    wanted = issuing.Wanted(
        programme=dialogue.programme,
        person=dialogue.person,
        recipe=turn.recipe,
        recipe_id=dialogue.recipe_id or dialogue.programme.recipe_id,
        language=run.language,
        answers=tuple(answer for answer in run.answers if answer is not None),
    )
    issued = issuing.issue(session, keys, wanted)
    settled = settle_issue(turn, issued.issue if issued else None, clock.now())
    has_picture = issued is not None and turn.recipe.qr and get_settings().enable_qr_code
    return settled, pictures.make_address(session, issued.record_id) if issued and has_picture else ""


def _forget(session: Session, keys: CiuKeys, dialogue: Dialogue, turn: Turn) -> Answered:
    """Forget who asked for it; the last reply is nobody's."""
    dialogues.record_events(session, dialogue, turn, None)
    forgetting.forget_identity(session, keys, dialogue.person.id, told_conversation_id=dialogue.conversation_id)
    return Answered(turn.reply(dialogue.programme.values), Keeping(), outcome="forgotten")


def _outcome(turn: Turn) -> str:
    return turn.events[-1].name if turn.events else "said" if turn.says else "silent"


def _state(turn: Turn) -> str:
    """Return where somebody stands now, in words that say nothing of him."""
    run = turn.state.run
    return str(turn.state.aside or (run.shown_page if run else "none"))


def _tell(programme: Programme, channel: str, digest: bytes, answered: Answered, begun: float) -> None:
    _log.info(
        "ciu.turn",
        programme=programme.code,
        message=inbox.log_id(digest),
        channel=channel,
        state=answered.state,
        outcome=answered.outcome,
        elapsed_ms=round((time.perf_counter() - begun) * 1000, 1),
    )
