"""Pieces that several pages of payments show: a call on the wire, a callback, what a transfer is for."""

from collections.abc import Sequence
from datetime import datetime

from core.clock import now
from services.inbound import EventRow
from services.transfers.cards import Attempt, TransferCard
from ui.components import chips
from ui.components.exchanges import Call
from ui.labels import DAY_S, NO_BREAK, Sign, Tone, clock, count, decimal, duration, t, when
from ui.markup import Markup, join, tag
from ui.pages.payments import words

SUCCESS, CLIENT_ERROR = 200, 300
MS_PER_S = 1_000
TEN_S, MINUTE_S, HOUR_S = 10, 60, 3_600


def call(attempt: Attempt) -> Call:
    """Return one call to the provider as a list shows it."""
    return Call(
        title=words.operation(attempt.operation),
        sign=_sign(attempt),
        outcome=_outcome(attempt),
        note=clock(attempt.sent_at, with_seconds=True),
        address=f"{attempt.method} {attempt.url}",
        asked=attempt.request,
        answered=attempt.response,
    )


def _sign(attempt: Attempt) -> Sign:
    if attempt.http_status is None:
        return Sign("help" if attempt.error_kind else "sync", "", Tone.OCHRE)
    is_fine = SUCCESS <= attempt.http_status < CLIENT_ERROR
    return Sign("call_made", "", Tone.NEUTRAL) if is_fine else Sign("error", "", Tone.RED)


def _outcome(attempt: Attempt) -> str:
    if attempt.http_status is None:
        status = t("sans réponse ({kind})").format(kind=attempt.error_kind or "?")
    else:
        status = f"HTTP {attempt.http_status}"
    took = ""
    if attempt.answered_at is not None:
        took = f"{round((attempt.answered_at - attempt.sent_at).total_seconds() * MS_PER_S)} ms"
    return " · ".join(part for part in (status, took, words.answer(attempt.answer)) if part)


def callbacks_table(found: Sequence[EventRow]) -> Markup:
    """Return callbacks one a line: when, how sure we are of their sender, what they claimed, what was done."""
    head = tag(
        "tr",
        tag("th", t("Reçu"), scope="col"),
        tag("th", t("Preuve"), scope="col"),
        tag("th", t("Dit"), scope="col", class_="wide-only"),
        tag("th", t("Suite"), scope="col", class_="wide-only"),
        tag("th", t("Après l'envoi"), scope="col", class_="number wide-only"),
    )
    return tag("table", tag("thead", head), tag("tbody", join(*map(_callback, found))), class_="plain-table")


def _callback(line: EventRow) -> Markup:
    said = tag("code", line.claimed_state, class_="code-inline") if line.claimed_state else ""
    return tag(
        "tr",
        tag("td", tag("a", when(line.received_at), href=f"{words.CALLBACKS}?rappel={line.id}")),
        tag("td", chips.chip(words.AUTHENTICITIES[line.authenticity])),
        tag("td", said, class_="wide-only"),
        tag("td", words.outcome(line.outcome), class_="wide-only"),
        tag("td", delay(line), class_="number wide-only"),
    )


def delay(line: EventRow) -> str:
    """Return how long after we sent the transfer its callback came."""
    return "" if line.delay_ms is None else took(line.delay_ms / MS_PER_S)


def took(seconds: float) -> str:
    """Return a duration as a person says it: `0,4 s`, `12 s`, `2:05`."""
    if seconds < MINUTE_S:
        return f"{decimal(seconds, 1 if seconds < TEN_S else 0)}{NO_BREAK}s"
    return duration(seconds)


def span(seconds: float) -> str:
    """Return how long, in one unit: `12 s`, `40 min`, `26 h`, `6 j`."""
    for most, unit_s, unit in ((MINUTE_S, 1, "s"), (HOUR_S, MINUTE_S, "min"), (2 * DAY_S, HOUR_S, "h")):
        if seconds < most:
            return f"{count(int(max(seconds, 0) // unit_s))}{NO_BREAK}{unit}"
    return f"{count(int(seconds // DAY_S))}{NO_BREAK}{t('j')}"


def until(instant: datetime) -> str:
    """Return in how long something comes, or that it is due."""
    left_s = (instant - now()).total_seconds()
    return t("dans {duration}").format(duration=span(left_s)) if left_s > 0 else t("maintenant")


def source(line: EventRow) -> str:
    """Return whose callback it is: the account, or the door it came to while nobody is known behind it."""
    return line.account_label or t(words.DOORS.get(line.source, line.source))


def subject(card: TransferCard) -> str | Markup:
    """Return what a transfer is for, as a link where there is a page."""
    word = words.purpose(card.line.purpose)
    place = words.SUBJECT_PAGES.get(card.line.purpose)
    return tag("a", word, href=place.format(card.subject_id), class_="link") if place else word


def environment(code: str) -> Markup | str:
    """Return a chip for money that is not real, and a word for money that is."""
    sign = words.ENVIRONMENTS.get(code)
    return chips.chip(sign) if sign else t("Réel")
