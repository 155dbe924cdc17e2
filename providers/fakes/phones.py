"""What every fake network shares: the phones, mailboxes and browsers that its messages reach, and what they report.

A number's last three digits (or a queued scenario) choose what becomes of a message, as for money:

    000 delivered · 001 lost before the network had it · 002, 003, 021 taken, and the answer lost · 004 reported twice
    005 reported late · 006 reported before the answer · 007 delivered, then an older «sent» · 011 never answers
    012, 017 never reported · 014 reported lost · 015 no such number · 016 opted out: refused, and STOP comes back
    019 answers after 25 s · 020 429 twice · 025 401 once · 026 always 403
"""

import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from providers.answers import Reason
from providers.fakes.base import Answers, Dropped, Hung
from providers.fakes.behaviour import Story, Told
from providers.fakes.kernel import Kernel

Said = Literal["sent", "delivered", "undelivered"]
MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that somebody got, as his phone shows it. `key` is our own id where the network carries it."""

    adapter: str
    id: str
    to: str
    text: str
    subject: str
    at: datetime
    key: str = ""


Reporter = Callable[[Letter, Said], None]


class Phones:
    """The other end of one server's networks: what arrived, in the order it did."""

    def __init__(self) -> None:
        self._letters: deque[Letter] = deque(maxlen=MOST_KEPT)
        self._lock = threading.Lock()
        self._n = itertools.count(1)
        self._asked: dict[tuple[str, str, str], int] = {}

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._letters.clear()
            self._asked.clear()

    def letters(self, adapter: str = "", to: str = "") -> list[Letter]:
        """Return what arrived, of one network and for one address if they are given."""
        with self._lock:
            return [one for one in self._letters if adapter in {"", one.adapter} and to in {"", one.to}]

    def next_id(self, prefix: str) -> str:
        """Return an id as a network gives them."""
        return f"{prefix}{next(self._n):08d}"

    def story(self, kernel: Kernel, adapter: str, to: str, key: str) -> Story:
        """Return what becomes of this message: the same for the same one, sent again."""
        return kernel.behaviour(adapter, "send", key, to)

    def receive(self, kernel: Kernel, letter: Letter, story: Story, report: Reporter | None) -> None:
        """Deliver a message and plan its reports; raises the `Fault` its story begins with."""
        self._fail_before(letter, story)
        if not _is_lost(story):
            with self._lock:
                self._letters.append(letter)
        if report is not None:
            for told in _reports(story):
                _plan(kernel, told, lambda told=told: report(letter, _word(story, told)))  # type: ignore[misc]
        if story.answers_after_s:
            kernel.wait(story.answers_after_s)
        if story.loses_answer:
            raise Dropped
        if story.answers_500:
            raise Answers(500)
        if story.answers_html:
            raise Answers(200, is_html=True)

    def _fail_before(self, letter: Letter, story: Story) -> None:
        if story.is_forbidden:
            raise Answers(403)
        if self._count(letter, "401") <= story.unauthorised:
            raise Answers(401)
        if self._count(letter, "429") <= story.rate_limits:
            raise Answers(429)
        if story.loses_request:
            raise Dropped
        if story.hangs:
            raise Hung

    def _count(self, letter: Letter, kind: str) -> int:
        with self._lock:
            asked = (letter.adapter, letter.key or letter.to, kind)
            self._asked[asked] = self._asked.get(asked, 0) + 1
            return self._asked[asked]


def is_unknown_number(story: Story) -> bool:
    """Say whether the network knows nobody there."""
    return story.reason is Reason.PAYER_NOT_FOUND


def is_opted_out(story: Story) -> bool:
    """Say whether this person told the network to take nothing from us."""
    return story.code == "016"


def _is_lost(story: Story) -> bool:
    return story.code == "014"


def _word(story: Story, told: Told) -> Said:
    if told.says is not None:
        return "sent"
    return "undelivered" if _is_lost(story) else "delivered"


def _reports(story: Story) -> tuple[Told, ...]:
    return () if story.final is None else story.callbacks


def _plan(kernel: Kernel, told: Told, act: Callable[[], None]) -> None:
    def tell() -> None:
        for _ in range(told.times * told.at_once):
            act()

    if told.after_s <= 0:
        tell()
    else:
        kernel.later(told.after_s, tell)


PHONES = Phones()
