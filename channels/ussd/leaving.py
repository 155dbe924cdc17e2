"""What a turn leaves behind: the screen on its way out, and what may be shown of its input."""

from dataclasses import replace

from channels import browsing, texts
from channels.dialogue import DOTS
from channels.engine import Reply
from channels.ussd.gateways import Gateway
from channels.ussd.profiles.wire import Asked, GatewayTurn, Outgoing
from channels.ussd.receipts import Opened
from core import gsm7

DEFAULT_PIN_LENGTH = 5


def outgoing(
    gateway: Gateway, turn: GatewayTurn, opened: Opened | None, text: str, reply: Reply | None, *, has_more: bool
) -> Outgoing:
    """Return a text with all that a profile may make of it."""
    title, options = browsing.split(text, reply.keys) if reply and reply.keys else (None, ())
    return Outgoing(
        text=text,
        has_more=has_more,
        turn=turn,
        words=gateway.command_words,
        coding=reply.coding if reply else gsm7.measure(text).coding,
        screen=reply.screen if reply else "",
        title=title,
        options=options,
        asks=_asked(opened, reply) if reply and reply.waits_for_text else None,
        is_first=opened.is_begin if opened else turn.kind == "begin",
        is_restart=opened.is_restart if opened else False,
        transaction=str(opened.turn_id) if opened else "",
    )


def _asked(opened: Opened | None, reply: Reply) -> Asked:
    if not reply.is_secret_next or opened is None:
        return Asked()
    length = int(opened.service["settings"].get("pin_length", DEFAULT_PIN_LENGTH))
    return Asked(is_secret=True, digits=(length, length))


def stored_again(gateway: Gateway, turn: GatewayTurn, opened: Opened) -> Outgoing:
    """Return what a receipt holds, for the headers its octets left with."""
    stored = opened.replayed or {}
    return Outgoing(
        text=stored["text"],
        has_more=stored["has_more"],
        turn=turn,
        words=gateway.command_words,
        coding=stored["coding"],
        screen=stored["screen"],
        is_first=stored["number"] == 1,
    )


def instead_of_secret(reply: Reply, code: str, language: str) -> Reply:
    """End a dialogue of messages where a secret would be asked for: it would stay on the phone."""
    sentence = texts.sentence(texts.DIAL_INSTEAD if code else texts.DIAL_THE_CODE, language)
    text = gsm7.fold(sentence.format(code=code))
    measured = gsm7.measure(text)
    return replace(
        reply,
        text=text,
        coding=measured.coding,
        size=measured.size,
        has_more=False,
        is_secret_next=False,
        keys=(),
        waits_for_text=False,
    )


def shown_input(turn: GatewayTurn, opened: Opened, used: int = 0, redacted: str = "") -> str:
    """Return what the input field held: every secret, and every piece that was dropped unread, as dots.

    `used` counts the answers that were taken, `redacted` shows them.
    """
    shown = [redacted] if used else []
    if turn.transcript is not None:
        before = str(opened.session["scratch"].get("typed", ""))
        rest = turn.transcript[opened.input_offset :]
        pieces = rest.count("*") + 1 if rest and opened.is_begin else 0
        return "*".join([*([before] if opened.input_offset else []), *shown, *[DOTS] * (pieces - used)])
    is_dialled = opened.is_begin and turn.dialled is not None and turn.message == turn.dialled
    behind = turn.tail or (opened.tail if is_dialled else "")
    if not behind:
        return turn.message if is_dialled else redacted
    tail = "*".join([*shown, *[DOTS] * (behind.count("*") + 1 - used)])
    return tail if turn.tail else f"*{opened.session['code']}*{tail}#"
