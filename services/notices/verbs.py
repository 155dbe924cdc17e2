"""Writing a notice, trying it on oneself, letting it go (by two persons where it goes to many), stopping it."""

from datetime import timedelta
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.errors import InvalidInput, WrongState
from core.gsm7 import count_segments, fold
from core.i18n import t
from core.permissions import Actor, Permission
from core.phone import PhoneRefusal, normalise
from core.settings import get_settings
from core.states import transition
from models.messages import Channel
from models.notices import NOTICE_STEPS, Notice, NoticeState
from models.users import User
from providers.messaging.flash import fits
from services import approvals, audit
from services.approvals import ApprovalRow, AskApproval, Kind
from services.messages import OutgoingMessage, enqueue_many, flash
from services.notices import people
from services.notices.orders import (
    LONGEST_TEXT,
    MOST_PARTS,
    NobodyMeant,
    NoOwnPhone,
    NoticeNotFound,
    NoticeRow,
    NotTested,
    NotWorthSending,
    SaveNotice,
    SendNotice,
    TooLongForFlash,
    checksum_of,
)
from services.notices.outbox import TEMPLATE, ring
from services.notices.people import Preview

SUBJECT = "notice"
ALONE_WITHIN = timedelta(days=1)


def save_notice(session: Session, actor: Actor, order: SaveNotice) -> NoticeRow:
    """Keep a draft; a text that changes needs a new test."""
    actor.require(Permission.USSD_NOTICES_WRITE)
    if not (order.has_sms or order.has_inbox):
        raise InvalidInput({"channels": t("Choisissez au moins un canal.")})
    if order.has_flash and not order.has_sms:
        raise InvalidInput({"channels": t("Le message flash remplace le SMS : gardez le SMS pour les autres réseaux.")})
    notice = locked(session, order.notice_id) if order.notice_id else Notice(name=order.name, created_by=actor.user_id)
    if notice.state != NoticeState.DRAFT:
        raise WrongState(state=notice.state, wanted=NoticeState.DRAFT)
    notice.name, notice.default_language = order.name, order.default_language
    notice.texts = {str(language): text.strip() for language, text in order.texts.items() if text.strip()}
    notice.audience = order.audience.model_dump(mode="json")
    notice.has_sms, notice.has_inbox, notice.has_flash = order.has_sms, order.has_inbox, order.has_flash
    session.add(notice)
    session.flush()
    if order.numbers is not None:
        _keep_numbers(session, notice.id, order.numbers)
    audit.record(session, actor, "notice.save", SUBJECT, notice.id, notice.name)
    return row_of(notice)


def test_notice(session: Session, actor: Actor, notice_id: UUID) -> NoticeRow:
    """Send the present text to oneself, at once; only then may it go to others."""
    actor.require(Permission.USSD_NOTICES_WRITE)
    notice = _draft(session, notice_id)
    _check_texts(notice)
    himself = session.get(User, actor.user_id) if actor.user_id else None
    if himself is None or not himself.phone:
        raise NoOwnPhone
    text = notice.texts.get(himself.language, notice.texts[notice.default_language])
    is_flash = notice.has_flash and flash.reach(session).holds(himself.phone)
    by_phone = Channel.USSD if is_flash else Channel.SMS
    ways = [by_phone] * notice.has_sms + [Channel.IN_APP] * notice.has_inbox
    messages = [
        OutgoingMessage(
            dedupe_key=f"notice-test:{notice.id}:{ids.new_id()}",
            type=TEMPLATE,
            channel=way,
            address=himself.phone,
            recipient_id=himself.id,
            locale=himself.language,
            template_code=TEMPLATE,
            variables={"texte": text},
            next_channels=(Channel.SMS,) if way is Channel.USSD else (),
        )
        for way in ways
    ]
    enqueue_many(session, messages)
    notice.tested_checksum, notice.tested_at = _checksum(notice), clock.now()
    session.add(notice)
    session.flush()
    audit.record(session, actor, "notice.test", SUBJECT, notice.id, notice.name)
    return row_of(notice)


def send_notice(session: Session, actor: Actor, order: SendNotice) -> NoticeRow:
    """Let a tested notice go at its hour; to many people, at once or over a day, only once another has agreed."""
    actor.require(Permission.USSD_NOTICES_WRITE)
    notice = _draft(session, order.notice_id)
    _check_texts(notice)
    if notice.tested_checksum != _checksum(notice):
        raise NotTested
    notice.recipients = people.count_people(session, notice)
    if not notice.recipients:
        raise NobodyMeant
    notice.starts_at = order.starts_at or clock.now()
    session.add(notice)
    if notice.recipients + _sent_alone(session, actor) > get_settings().notice_four_eyes_above:
        transition(notice, NOTICE_STEPS, NoticeState.REVIEW)
        summary = t("Envoyer « {name} » à {count} personnes").format(name=notice.name, count=notice.recipients)
        question = AskApproval(
            kind=SEND.name, subject_type=SUBJECT, subject_id=notice.id, summary=summary, reason=order.reason
        )
        approvals.ask(session, actor, question)
    else:
        _schedule(session, actor, notice)
    session.flush()
    return row_of(notice)


def stop_notice(session: Session, actor: Actor, notice_id: UUID, reason: str = "") -> NoticeRow:
    """Stop at once: nothing more is written, what waits in the outbox is cancelled; what was sent stays counted."""
    actor.require(Permission.USSD_NOTICES_WRITE)
    notice = locked(session, notice_id)
    transition(notice, NOTICE_STEPS, NoticeState.STOPPED)
    notice.ended_at = None  # until what waits in the outbox is cancelled
    session.add(notice)
    session.flush()
    audit.record(session, actor, "notice.stop", SUBJECT, notice.id, reason or notice.name)
    ring(session)
    return row_of(notice)


# Whom one person let notices go to with nobody else's word: a big audience cut in small ones is still big.
_ALONE = """
select coalesce(sum(n.recipients), 0) as people from notice n
where n.id::text in (
    select subject_id from audit_entry where action = 'notice.send' and actor_id = %s and created_at > %s
) and not exists (select from approval a where a.subject_id = n.id and a.kind = 'notice.send' and a.state = 'approved')
"""


def _sent_alone(session: Session, actor: Actor) -> int:
    """Return how many people this actor wrote to on his own within a day; his sendings go one after the other."""
    session.flush()
    driver(session).execute("select from users where id = %s for no key update", (actor.user_id,))
    found = fetch_one(session, _ALONE, (actor.user_id, clock.now() - ALONE_WITHIN))
    return int(found["people"]) if found else 0


def _schedule(session: Session, actor: Actor, notice: Notice) -> None:
    transition(notice, NOTICE_STEPS, NoticeState.SCHEDULED)
    session.add(notice)
    session.flush()
    changes = {"recipients": notice.recipients, "starts_at": notice.starts_at.isoformat() if notice.starts_at else ""}
    audit.record(session, actor, "notice.send", SUBJECT, notice.id, notice.name, changes)
    ring(session)


def _agreed(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    notice = locked(session, approval.subject_id)
    notice.starts_at = max(notice.starts_at or clock.now(), clock.now())
    _schedule(session, actor, notice)


def _declined(session: Session, _actor: Actor, approval: ApprovalRow) -> None:
    notice = locked(session, approval.subject_id)
    transition(notice, NOTICE_STEPS, NoticeState.DRAFT)
    session.add(notice)


SEND = approvals.register(
    Kind(
        "notice.send",
        "Envoi d'une notification à beaucoup de monde",
        asks=Permission.USSD_NOTICES_WRITE,
        decides=Permission.USSD_NOTICES_WRITE,
        on_approved=_agreed,
        on_ended=_declined,
    )
)


def locked(session: Session, notice_id: UUID) -> Notice:
    """Return a notice under its lock."""
    notice = session.get(Notice, notice_id, with_for_update=True, populate_existing=True)
    if notice is None:
        raise NoticeNotFound
    return notice


def _draft(session: Session, notice_id: UUID) -> Notice:
    notice = locked(session, notice_id)
    if notice.state != NoticeState.DRAFT:
        raise WrongState(state=notice.state, wanted=NoticeState.DRAFT)
    return notice


def _check_texts(notice: Notice) -> None:
    texts = notice.texts.values()
    is_too_long = any(len(text) > LONGEST_TEXT or count_segments(fold(text)) > MOST_PARTS for text in texts)
    if is_too_long or not notice.texts.get(notice.default_language):
        raise NotWorthSending
    if notice.has_flash and not all(fits(fold(text)) for text in texts):
        raise TooLongForFlash


def _checksum(notice: Notice) -> str:
    return checksum_of(notice.texts, has_sms=notice.has_sms, has_inbox=notice.has_inbox, has_flash=notice.has_flash)


def _keep_numbers(session: Session, notice_id: UUID, numbers: tuple[str, ...]) -> None:
    phones, region = set(), get_settings().ussd_country
    for line, raw in enumerate(numbers, start=1):
        try:
            phones.add(normalise(raw, region).e164)
        except PhoneRefusal as refusal:
            raise InvalidInput({"numbers": t("Ligne {line} : {fault}").format(line=line, fault=refusal)}) from refusal
    connection = driver(session)
    connection.execute("delete from notice_number where notice_id = %s", (notice_id,))
    connection.execute(
        "insert into notice_number (id, created_at, notice_id, phone)"
        " select gen_random_uuid(), %s, %s, phone from unnest(%s::text[]) as phone",
        (clock.now(), notice_id, sorted(phones)),
    )


def row_of(notice: Notice) -> NoticeRow:
    """Return a notice without its table."""
    names = ("id", "name", "texts", "default_language", "has_sms", "has_inbox", "has_flash")
    figures = ("state", "created_at", "starts_at", "tested_at", "recipients", "written", "started_at", "ended_at")
    return NoticeRow(
        **{name: getattr(notice, name) for name in (*names, *figures)},
        audience=people.audience_of(notice),
        is_tested=notice.tested_checksum == _checksum(notice),
    )


# Reads


def preview_notice(session: Session, actor: Actor, notice_id: UUID) -> Preview:
    """Return whom a notice would reach, and what it would weigh and cost, by network."""
    actor.require(Permission.USSD_READ)
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NoticeNotFound
    return people.preview_of(session, notice)


def list_flash_networks(session: Session, actor: Actor) -> list[str]:
    """Return the networks that can show a screen by themselves, with their countries where only some can."""
    actor.require(Permission.USSD_READ)
    networks = flash.reach(session).networks
    return [f"{name} ({', '.join(sorted(countries))})" if countries else name for name, countries in networks.items()]
