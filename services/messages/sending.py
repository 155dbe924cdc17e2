"""Sending one message: taken under its lock with everything checked, called outside any transaction, saved.

A message in `queued` that holds a lease has its place in its account's pace already. In `sending`, the lease says until
when somebody may be calling: after it nobody knows whether the message left.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, or_, select

from core import clock
from core.database import Session, driver, fetch_one
from core.gsm7 import Coding, count_segments, measure
from core.states import transition
from models.messages import MESSAGE_STEPS, Channel, Message, MessageEvent, MessageState
from providers import answers as money
from providers.messaging.answers import Answer, Outgoing, Refused, Retry, Sent, Subscription, Unknown
from services import breaker, provider_accounts
from services.messages import (
    accounts,
    browsers,
    ceilings,
    fallback,
    guards,
    hours,
    outbox,
    preferences,
    reports,
    suppressions,
)
from services.messages.kinds import USUAL_LIFE
from services.messages.texts import BY_PHONE, Text, fill, find_text
from services.whatsapp import replies

LEASE = timedelta(seconds=120)
RETRIES = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
ASKED_AGAIN = timedelta(minutes=2)
WITHOUT_ROUTE = timedelta(minutes=5)
BUSY = timedelta(seconds=1)
REPLY = "reply_id"


@dataclass(frozen=True, slots=True)
class Settled:
    """A due message that needed no call: it waits on, or it ended."""

    message_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A message to hand to its network now; `is_again` when nobody knows whether it left before."""

    message_id: UUID
    adapter: str
    outgoing: Outgoing
    is_duplicate_ok: bool
    is_again: bool


def take_next(session: Session, channels: list[str]) -> Ready | Settled | None:
    """Take the most urgent due message of some channels, with everything checked; None when nothing is due."""
    message = _claim(session, channels)
    if message is None:
        return None
    ended = _why_not(session, message)
    if ended is not None:
        _end(session, message, *ended)
        return Settled(message.id, message.state)
    is_again = message.state == MessageState.UNKNOWN
    waits_until = None if is_again else _not_before(session, message)
    carrier = None if waits_until else _carrier(session, message)
    if waits_until is None and carrier is None:
        return _without_route(session, message)
    if carrier is not None:
        waits_until = _spent_until(session, message, carrier.account_id)
        waits_until = waits_until or carrier.rests_until or _busy_until(session, carrier.account_id)
        waits_until = waits_until or _pace(session, message, carrier.account_id, is_again=is_again)
    if waits_until is not None or carrier is None:
        message.not_before = waits_until or message.not_before
        _postpone_again(message, is_again=is_again)
        session.add(message)
        return Settled(message.id, message.state)
    return _make_ready(session, message, carrier.account_id, is_again=is_again)


def save(session: Session, ready: Ready, answer: Answer) -> None:
    """Keep what the network answered; a report that was faster is not overwritten."""
    message = session.get(Message, ready.message_id, with_for_update=True, populate_existing=True)
    if message is None:
        return
    account_id = ready.outgoing.account.id
    breaker.note(session, account_id, _as_money(answer))
    message.lease_until = None
    match answer:
        case Sent():
            _save_sent(session, message, answer)
        case Refused(kind="configuration"):
            _retry(session, message, answer.code)
        case Refused():
            _save_refused(session, message, answer)
        case Retry():
            _retry(session, message, answer.code)
        case Unknown():
            is_worth = ready.is_duplicate_ok and not ready.is_again
            message.next_try_at = clock.now() + ASKED_AGAIN if is_worth else None
            _move(session, message, MessageState.UNKNOWN, answer.code)
    if isinstance(answer, Sent | Refused):
        browsers.forget_browsers(session, answer.gone)
    session.add(message)


def recover(session: Session, *, most: int = 500) -> int:
    """Call unknown what was being sent when its process died; return how many."""
    query = (
        select(Message)
        .where(Message.state == MessageState.SENDING, col(Message.lease_until) < clock.now())
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = session.exec(query).all()
    for message in found:
        text = find_text(session, message.template_code, message.locale, Channel(message.channel))
        message.lease_until = None
        message.next_try_at = clock.now() if text.duplicate_ok and message.error_code != "again" else None
        _move(session, message, MessageState.UNKNOWN, "lease")
    return len(found)


def expire(session: Session, *, most: int = 500) -> int:
    """End what is too old to be useful, whatever its channel; return how many."""
    now = clock.now()
    query = (
        select(Message)
        .where(
            Message.state == MessageState.QUEUED,
            or_(
                col(Message.expires_at) <= now,
                col(Message.expires_at).is_(None) & (col(Message.created_at) <= now - USUAL_LIFE),
            ),
        )
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = session.exec(query).all()
    for message in found:
        _end(session, message, MessageState.EXPIRED, "expired")
    return len(found)


# Taking


def _claim(session: Session, channels: list[str]) -> Message | None:
    now, is_served = clock.now(), col(Message.channel).in_(channels)
    again = select(Message).where(Message.state == MessageState.UNKNOWN, col(Message.next_try_at) <= now, is_served)
    due = (
        select(Message)
        .where(Message.state == MessageState.QUEUED, col(Message.not_before) <= now, is_served)
        .order_by(col(Message.priority), col(Message.not_before), col(Message.id))
    )
    for query in (due, again):
        found = session.exec(
            query.limit(1).with_for_update(skip_locked=True).execution_options(populate_existing=True)
        ).first()
        if found is not None:
            return found
    return None


def _why_not(session: Session, message: Message) -> tuple[MessageState, str] | None:
    """Return the end of a message that must not leave any more, or None."""
    expires_at = message.expires_at or message.created_at + USUAL_LIFE
    if expires_at <= clock.now():
        return MessageState.EXPIRED, "expired"
    is_erased = REPLY in message.data and replies.open_text(session, UUID(message.data[REPLY])) is None
    if is_erased or not guards.find(message.guard)(session, message.model_dump()):
        return MessageState.CANCELLED, "guard"
    if suppressions.is_suppressed(session, message.channel, message.address, message.priority):
        return MessageState.SUPPRESSED, "opted_out"
    if not preferences.is_wanted(session, message.recipient_id, message.type, Channel(message.channel)):
        return MessageState.CANCELLED, "switched_off"
    return None


def _not_before(session: Session, message: Message) -> datetime | None:
    """Return until when a reminder or an information waits: the morning, or tomorrow's after three in a day."""
    if message.priority < hours.FIRST_QUIET_PRIORITY:
        return None
    now, zone = clock.now(), hours.zone_of(message.model_dump())
    if hours.is_quiet(now, zone):
        return hours.next_morning(now, zone, message.id)
    who = message.recipient_id or message.address
    # One after the other for one person: two threads would each see two sent and send a third.
    driver(session).execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"message:{who}",))
    column = "recipient_id" if message.recipient_id else "address"
    row = fetch_one(
        session,
        f"""
        select count(*) as sent from message
        where {column} = %(who)s and priority >= %(priority)s and channel <> 'in_app' and id <> %(id)s
          and (sent_at >= %(today)s or state in ('sending', 'unknown'))
        """,
        {
            "who": who,
            "priority": hours.FIRST_QUIET_PRIORITY,
            "id": message.id,
            "today": hours.start_of_day(now, zone),
        },
    )
    if row is not None and row["sent"] >= hours.MOST_A_DAY:
        return hours.next_morning(now, zone, message.id, is_tomorrow=True)
    return None


def _without_route(session: Session, message: Message) -> Settled:
    """Nothing carries this channel now: the next one does, or the message waits."""
    if fallback.write_next(session, message):
        _end(session, message, MessageState.FAILED, "no_route", is_over=True)
    else:
        message.not_before, message.error_code = clock.now() + WITHOUT_ROUTE, "no_route"
        _postpone_again(message, is_again=message.state == MessageState.UNKNOWN)
        session.add(message)
    return Settled(message.id, message.state)


def _carrier(session: Session, message: Message) -> accounts.Carrier | None:
    """Return the account a message leaves through; an answer leaves through the one that heard the question."""
    if REPLY in message.data:
        return accounts.carrier_of_reply(session, message.id)
    return accounts.find_carrier(session, Channel(message.channel), message.address)


def _spent_until(session: Session, message: Message, account_id: UUID) -> datetime | None:
    until = ceilings.waits_until(session, account_id, message.priority)
    if until is not None:
        message.error_code = "month_ceiling"
    return until


def _busy_until(session: Session, account_id: UUID) -> datetime | None:
    return clock.now() + BUSY if accounts.is_busy(session, account_id) else None


def _pace(session: Session, message: Message, account_id: UUID, *, is_again: bool) -> datetime | None:
    """Return when the account's pace lets this message leave, None for now. Codes do not queue behind the rest."""
    has_place = message.lease_until is not None or is_again
    if has_place and message.account_id == account_id:
        return None
    slot = accounts.take_slot(session, account_id)
    if message.priority == 0 or slot <= clock.now():
        return None
    message.account_id, message.lease_until = account_id, slot
    return slot


def _postpone_again(message: Message, *, is_again: bool) -> None:
    if is_again:
        message.next_try_at = message.not_before


def _make_ready(session: Session, message: Message, account_id: UUID, *, is_again: bool) -> Ready:
    channel = Channel(message.channel)
    text = find_text(session, message.template_code, message.locale, channel)
    account = provider_accounts.view(session, account_id)
    is_reply = REPLY in message.data
    outgoing = _reply(session, message, account) if is_reply else _outgoing(session, message, text, account)
    message.account_id, message.template_version = account_id, text.version
    if channel in BY_PHONE:
        message.encoding, message.segments = measure(outgoing.body).coding, count_segments(outgoing.body)
    message.body = None if text.secrets or is_reply else outgoing.body
    message.tries += 1
    message.next_try_at, message.lease_until = None, clock.now() + LEASE
    _move(session, message, MessageState.SENDING, "again" if is_again else "")
    return Ready(message.id, account.adapter, outgoing, text.duplicate_ok, is_again)


def _reply(session: Session, message: Message, account: money.Account) -> Outgoing:
    """Open a reply: neither its text nor its address stands in the outbox. An erased one was cancelled before."""
    letter = replies.open_letter(session, message.data[REPLY]) or replies.Letter("", "", "")
    return Outgoing(
        account=account,
        message_id=message.id,
        to=letter.to,
        body=letter.text,
        heading=letter.body,
        choices=letter.choices,
        media_url=letter.media_url,
        report_url=accounts.report_url(account, message.id),
    )


def _outgoing(session: Session, message: Message, text: Text, account: money.Account) -> Outgoing:
    channel = Channel(message.channel)
    variables = outbox.open_variables(message.model_dump())
    is_folded = bool(account.settings.get("fold", True))
    rendered = fill(text, variables, channel, is_folded=is_folded)
    has_way_out = channel is Channel.EMAIL and message.priority >= hours.FIRST_QUIET_PRIORITY
    return Outgoing(
        account=account,
        message_id=message.id,
        to=message.address,
        body=rendered.body,
        subject=text.subject if channel is Channel.PUSH else rendered.subject,
        is_plain=measure(rendered.body).coding is Coding.GSM7,
        locale=message.locale,
        report_url=accounts.report_url(account, message.id),
        unsubscribe_url=reports.unsubscribe_url(message.address) if has_way_out else "",
        link=str(message.data.get("lien", "")),
        template=text.provider_template,
        values=tuple(str(variables[name])[:longest] for name, longest in text.variables.items() if name in variables),
        subscriptions=_browsers(session, message) if channel is Channel.PUSH else (),
    )


def _browsers(session: Session, message: Message) -> tuple[Subscription, ...]:
    rows = driver(session).execute(
        "select endpoint, keys from push_subscription where user_id = %s order by id", (message.recipient_id,)
    )
    return tuple(Subscription(endpoint, keys) for endpoint, keys in rows.fetchall())


# Saving


def _save_sent(session: Session, message: Message, answer: Sent) -> None:
    message.sent_at = message.sent_at or clock.now()
    message.provider_message_id = answer.provider_message_id or message.provider_message_id
    message.cost_minor, message.cost_currency = answer.cost_minor, answer.cost_currency
    _forget_secrets(message)
    _move(session, message, MessageState.SENT, "")
    session.add(message)
    session.flush()
    if message.cost_minor and message.account_id is not None:
        ceilings.alert(session, message.account_id)
    reports.apply_waiting(session, message)


def _save_refused(session: Session, message: Message, answer: Refused) -> None:
    reports.learn(session, message.channel, message.address, answer.kind, answer.code)
    _end(session, message, MessageState.FAILED, answer.code)


def _retry(session: Session, message: Message, code: str) -> None:
    """Queue a message that certainly did not leave; after the last try its next channel takes over."""
    if message.tries > len(RETRIES):
        _end(session, message, MessageState.FAILED, code)
        return
    message.not_before = clock.now() + RETRIES[message.tries - 1]
    _move(session, message, MessageState.QUEUED, code)


def _end(session: Session, message: Message, state: MessageState, code: str, *, is_over: bool = False) -> None:
    """End a message; unless something took over already (`is_over`), its next channel may."""
    if not is_over and state in {MessageState.FAILED, MessageState.SUPPRESSED}:
        fallback.write_next(session, message)
    message.lease_until = None
    _forget_secrets(message)
    _move(session, message, state, code)


def _move(session: Session, message: Message, state: MessageState, code: str) -> None:
    """Take a step if there is one, and note it: what a report has said meanwhile stands."""
    if state not in MESSAGE_STEPS[MessageState(message.state)]:
        return
    transition(message, MESSAGE_STEPS, state)
    message.error_code = code
    session.add(message)
    detail: dict[str, Any] = {"code": code} if code else {}
    session.add(MessageEvent(message_id=message.id, state=state, detail=detail))


def _forget_secrets(message: Message) -> None:
    """Codes and links are gone with the message that carried them."""
    if any(isinstance(value, dict) for value in message.variables.values()):
        message.variables = {
            name: {} if isinstance(value, dict) else value for name, value in message.variables.items()
        }


def _as_money(answer: Answer) -> breaker.Answer:
    """Say an answer in the words the breaker counts."""
    match answer:
        case Refused(kind="configuration"):
            return money.Rejected(money.Reason.CONFIGURATION, answer.code)
        case Retry():
            return money.Unknown(is_sent=False, detail=answer.code, slows=answer.slows)
        case Unknown():
            return money.Unknown(is_sent=True, detail=answer.code)
    return money.Accepted()
