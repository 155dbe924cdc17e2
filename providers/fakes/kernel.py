"""The ground under every fake: a clock that can be moved, payments and what becomes of them, callbacks, the book.

A fake checks what its provider checks, opens a payment here, and shows it in its own words; everything else (what
happens to it, when, with which faults) is the same for all and stands in this file.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from core.addresses import is_inside
from core.money import Money
from core.states import transition
from providers import http
from providers.answers import Reason, SeenState
from providers.fakes.base import Answers, Dropped, Fake, Hung, Notice
from providers.fakes.behaviour import NORMAL, STORIES, Chooser, Story, Told
from providers.fakes.book import Book, Movement, Received, Sent
from providers.fakes.keys import secret_of
from providers.fakes.payment import STEPS, Operation, Payment, serial, what_moves
from providers.fakes.virtual_clock import Clock

__all__ = ["Kernel", "NotLoopbackError", "Operation", "Payment", "require_loopback", "serial"]

CALLBACK_TIMEOUT_S = 10.0
MOST_KEPT = 20_000


class NotLoopbackError(ValueError):
    """A fake was asked to call an address outside this machine."""


class Kernel(Clock):
    """The state of all fakes of one server.

    `pace` is how many real seconds a second of slowness lasts (answers after 25 s, sockets held): 1 for people, nearly
    0 in tests. Where `is_manual`, what falls due happens when the clock is advanced or a call comes in, not by itself.
    """

    def __init__(
        self, *, seed: str = "", mix: Mapping[str, int] | None = None, pace: float = 1.0, is_manual: bool = False
    ) -> None:
        super().__init__(pace)
        self.is_manual = is_manual
        self.is_by_hand = False  # links wait for somebody to press «Payer»
        self.book = Book()
        self.calls: list[Received] = []
        self.sent: list[Sent] = []
        self.callbacks: dict[str, str] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.chooser = Chooser(seed, dict(mix or {}))
        self._payments: dict[tuple[str, str], Payment] = {}
        self._by_reference: dict[tuple[str, str], list[Payment]] = {}
        self._faults: dict[tuple[str, str, str], int] = {}

    # Settings

    def reset(self, seed: str = "", mix: Mapping[str, int] | None = None) -> None:
        """Forget every payment, plan and call and play by this chance, or none; secrets and callback addresses stay."""
        with self._lock:
            self.book.clear()
            self.calls.clear()
            self.sent.clear()
            self._payments.clear()
            self._by_reference.clear()
            self._faults.clear()
            self.forget()
            self.chooser = Chooser(seed, dict(mix or {}))

    def configure(
        self,
        callbacks: Mapping[str, str] | None = None,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        *,
        is_by_hand: bool | None = None,
    ) -> None:
        """Say where an adapter's callbacks go (loopback only) and which secrets its calls must carry."""
        for url in (callbacks or {}).values():
            require_loopback(url)
        with self._lock:
            self.callbacks.update(callbacks or {})
            for adapter, values in (secrets or {}).items():
                self.secrets.setdefault(adapter, {}).update(values)
            self.is_by_hand = self.is_by_hand if is_by_hand is None else is_by_hand

    def secret(self, adapter: str, name: str) -> str:
        """Return the secret the fake expects: the configured one, or that of the demonstration accounts."""
        return self.secrets.get(adapter, {}).get(name) or secret_of(adapter, name)

    def callback_url(self, adapter: str, given: str = "") -> str:
        """Return where callbacks of an adapter go: the configured address, else the one the order carried."""
        return self.callbacks.get(adapter) or given

    def behaviour(  # what the documented order of choice looks at
        self,
        adapter: str,
        operation: str,
        reference: str,
        party: str | None = None,
        amount: Money | None = None,
        sandbox: Mapping[str, Story] | None = None,
    ) -> Story:
        """Return the story of an order (`behaviour.Chooser`); asked again about the same order, the same story."""
        with self._lock:
            return self.chooser.choose(adapter, operation, reference, party, amount, sandbox)

    def code(  # idem
        self,
        adapter: str,
        operation: str,
        reference: str,
        asked: str,
        mix: Mapping[str, int],
        only: Collection[str] | None = None,
    ) -> str:
        """Return a code for a fake that has tales of its own (`behaviour.Chooser.code`)."""
        with self._lock:
            return self.chooser.code(adapter, operation, reference, asked, mix, only)

    # Payments

    def open(  # noqa: PLR0913  # what an order says
        self,
        fake: Fake,
        operation: Operation,
        id: str,  # noqa: A002  # the provider's word
        amount: Money,
        *,
        reference: str = "",
        party: str = "",
        callback_url: str = "",
        provider_ref: str = "",
        sandbox: Mapping[str, Story] | None = None,
        original: Payment | None = None,
        is_link_needed: bool = False,
        is_immediate: bool = False,
        is_by_link: bool = False,
        fee_bps: int = 0,
        document: Mapping[str, Any] | None = None,
    ) -> Payment:
        """Take an order and plan what becomes of it; raises the `Fault` its story begins with.

        `id` is what a status is asked by. `is_immediate`: the answer to the order is final. `is_link_needed`: whoever
        did not get the answer cannot pay. `is_by_link`: in a by-hand demonstration, it waits for «Payer».
        """
        story = self.behaviour(fake.name, operation, reference or id, party, amount, sandbox)
        story = STORIES[NORMAL] if story.code in fake.cannot_show else story
        self._fail_before(fake.name, id, story)
        true_amount, true_party = what_moves(story, amount, party)
        payment = Payment(
            fake=fake,
            operation=operation,
            id=id,
            reference=reference,
            party=true_party,
            asked=amount,
            amount=true_amount,
            story=story,
            opened_at=self.now(),
            provider_ref=provider_ref or serial(fake.name, id),
            callback_url=callback_url,
            fee=true_amount.times((fee_bps, 10_000)) if fee_bps else None,
            original=original,
            document=dict(document or {}),
        )
        self.keep(payment)
        is_waiting = (story.is_answer_lost and is_link_needed) or (self.is_by_hand and is_by_link)
        self._plan(payment, is_immediate=is_immediate, is_waiting=is_waiting)
        self._fail_after(story)
        return payment

    def find(self, adapter: str, id: str) -> Payment | None:  # noqa: A002  # the provider's word
        """Return a payment by its id, without counting it as a read: for «this id exists already»."""
        return self._payments.get((adapter, id))

    def read(self, adapter: str, id: str) -> Payment | None:  # noqa: A002  # the provider's word
        """Return a payment as a status query finds it; the first ones may be answered 429."""
        payment = self.find(adapter, id)
        if payment is not None:
            payment.reads += 1
            if payment.reads <= payment.story.rate_limits:
                raise Answers(429)
        return payment

    def search(self, adapter: str, reference: str = "") -> list[Payment]:
        """Return an adapter's payments in the order they were opened, of one reference if it is given."""
        with self._lock:
            if reference:
                return list(self._by_reference.get((adapter, reference), ()))
            return [payment for (name, _), payment in self._payments.items() if name == adapter]

    def listed(self, adapter: str) -> list[Payment]:
        """Return what the provider's own list shows: what ended, but for those it leaves out."""
        return [found for found in self.search(adapter) if found.ended_at is not None and found.story.is_listed]

    def succeed(self, payment: Payment) -> None:
        """Let the money move: write it in the book, once."""
        with self._lock:
            if payment.state in {SeenState.SUCCEEDED, SeenState.REVERSED}:
                return
            transition(payment, STEPS, SeenState.SUCCEEDED)
            payment.reason, payment.ended_at = None, self.now()
            self._write(payment, "unasked" if payment.is_unasked else payment.operation)

    def end(self, payment: Payment, state: SeenState, reason: Reason | None = None) -> None:
        """End a pending payment without money: failed, expired, cancelled."""
        with self._lock:
            if payment.is_pending:
                transition(payment, STEPS, state)
                payment.reason, payment.ended_at = payment.reason_of(reason), self.now()

    def reverse(self, payment: Payment) -> None:
        """Bring a payout back whole."""
        with self._lock:
            if payment.state is SeenState.SUCCEEDED:
                transition(payment, STEPS, SeenState.REVERSED)
                self._write(payment, "reversal")

    def tell(self, payment: Payment, told: Told | None = None) -> None:
        """Send the callback of a payment now, as often as `told` says."""
        plan = told or Told()
        for _ in range(plan.times):
            notice = payment.fake.notice(self, payment, plan.says or payment.state, is_forged=plan.is_forged)
            if notice is None:
                return
            threads = [
                threading.Thread(target=self._send, args=(payment, notice, plan.is_forged))
                for _ in range(plan.at_once - 1)
            ]
            for thread in threads:
                thread.start()
            self._send(payment, notice, plan.is_forged)
            for thread in threads:
                thread.join()

    # Callbacks

    def callback(self, url: str, method: str, headers: Mapping[str, str], body: bytes) -> int | None:
        """Call an address of this machine and return the status; None when nobody answered.

        Any other target raises `NotLoopbackError`: a fake never speaks to the outside.
        """
        require_loopback(url)
        outcome = http.exchange(method, url, headers=headers, content=body or None, read_timeout_s=CALLBACK_TIMEOUT_S)
        return None if isinstance(outcome, http.NoAnswer) else outcome.status

    def _send(self, payment: Payment, notice: Notice, is_forged: bool) -> None:  # noqa: FBT001  # a thread's argument
        status, error = None, ""
        try:
            status = self.callback(notice.url, notice.method, notice.headers, notice.body)
        except NotLoopbackError:
            error = "not loopback"
        with self._lock:
            self.sent.append(Sent(payment.adapter, payment.id, notice.url, is_forged, self.now(), status, error))
            del self.sent[:-MOST_KEPT]

    def note_call(self, received: Received) -> None:
        """Keep one received call, the oldest leaving."""
        with self._lock:
            self.calls.append(received)
            del self.calls[:-MOST_KEPT]

    # How a story is played

    def keep(self, payment: Payment) -> None:
        """Keep an order that a fake took by itself."""
        with self._lock:
            self._payments[payment.adapter, payment.id] = payment
            self._by_reference.setdefault((payment.adapter, payment.reference), []).append(payment)

    def _fail_before(self, adapter: str, id: str, story: Story) -> None:  # noqa: A002
        """Raise what happens before anything is recorded."""
        if story.is_forbidden:
            raise Answers(403)
        if self._count(adapter, id, "401") <= story.unauthorised:
            raise Answers(401)
        if story.loses_request:
            raise Dropped
        if story.hangs:
            raise Hung

    def _fail_after(self, story: Story) -> None:
        """Raise what happens once the order is executed; a slow answer waits here."""
        if story.answers_after_s:
            self.wait(story.answers_after_s)
        if story.loses_answer:
            raise Dropped
        if story.answers_500:
            raise Answers(500)
        if story.answers_html:
            raise Answers(200, is_html=True)

    def _count(self, adapter: str, id: str, kind: str) -> int:  # noqa: A002
        with self._lock:
            key = (adapter, id, kind)
            self._faults[key] = self._faults.get(key, 0) + 1
            return self._faults[key]

    def _plan(self, payment: Payment, *, is_immediate: bool, is_waiting: bool) -> None:
        story = payment.story
        if is_waiting or story.final is None:
            return
        if is_immediate or story.is_told_first:
            self._conclude(payment)
        else:
            self.later(story.final_after_s, lambda: self._conclude(payment))
        if story.succeeds_late_after_s is not None:
            self.later(story.succeeds_late_after_s - Told().after_s, lambda: self.succeed(payment))
        if story.reversed_after_s is not None and payment.operation == "payout":
            self.later(story.final_after_s + story.reversed_after_s, lambda: self.reverse(payment))
        for told in story.callbacks:
            if story.is_told_first:
                self.tell(payment, told)
            else:
                self.later(told.after_s, lambda told=told: self.tell(payment, told))  # type: ignore[misc]

    def _conclude(self, payment: Payment) -> None:
        """Bring a payment to what its story says, and what comes with it."""
        story = payment.story
        if story.final is SeenState.SUCCEEDED:
            self.succeed(payment)
        elif story.final is not None:
            self.end(payment, story.final, story.reason)
        if story.brings_unasked:
            self._bring_unasked(payment)

    def _bring_unasked(self, payment: Payment) -> None:
        """Let somebody pay what we never asked for."""
        stranger_id = str(uuid5(NAMESPACE_URL, f"unasked:{payment.id}"))
        stranger = replace(
            payment,
            operation="collect",
            id=stranger_id,
            reference="",
            provider_ref=serial(payment.adapter, stranger_id),
            state=SeenState.PENDING,
            ended_at=None,
            is_unasked=True,
            story=STORIES["000"],
            document={},
        )
        self.keep(stranger)
        self.succeed(stranger)
        self.tell(stranger)

    def _write(self, payment: Payment, kind: Literal["collect", "payout", "refund", "reversal", "unasked"]) -> None:
        self.book.add(
            Movement(
                adapter=payment.adapter,
                kind=kind,
                payment_id=payment.id,
                reference=payment.reference,
                party=payment.party,
                amount_minor=payment.amount.minor,
                currency=payment.amount.currency,
                at=self.now(),
                provider_ref=payment.provider_ref,
                fee_minor=payment.fee.minor if payment.fee else 0,
            )
        )


def require_loopback(url: str) -> None:
    """Refuse an address that is not on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not (host == "localhost" or is_inside(host, http.LOOPBACK)):
        raise NotLoopbackError(host)
