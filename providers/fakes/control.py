"""The control API under `/_fake/`: scenarios, the clock, callbacks, phones, the book. Loopback, like the fakes."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock
from providers.answers import Reason, SeenState
from providers.fakes.base import Call, Fake, route
from providers.fakes.behaviour import DEMO_MIX, Told
from providers.fakes.kernel import Kernel, NotLoopbackError, Payment
from providers.fakes.phones import PHONES

MOST_SHOWN = 100


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Reset(_Body):
    seed: str | int = ""
    mix: dict[str, int] | None = None  # per mille by code; "demo" weights when absent and a seed is given


class _Scenario(_Body):
    adapter: str
    code: str
    count: int = Field(default=1, ge=0, le=100_000)  # none: forget what is queued


class _Clock(_Body):
    advance_s: float = Field(ge=0, le=366 * 86_400)


class _Callback(_Body):
    reference: str
    times: int = Field(default=1, ge=1, le=1_000)
    tamper: bool = False
    says: SeenState | None = None  # another state than the true one: an old callback that comes last
    after_s: float = Field(default=0, ge=0, le=86_400)


class _Press(_Body):
    reference: str
    choice: Literal["pay", "refuse"]


class _Configure(_Body):
    callbacks: dict[str, str] = {}
    secrets: dict[str, dict[str, str]] = {}
    by_hand: bool | None = None


class _Controls:
    """What each address of the control API does."""

    def __init__(self, kernel: Kernel, fakes: Mapping[str, Fake]) -> None:
        self.kernel = kernel
        self.fakes = fakes
        self.since = clock.now()  # what the book holds began then

    def reset(self, body: _Reset) -> dict[str, Any]:
        mix = DEMO_MIX if body.mix is None and body.seed != "" else body.mix or {}
        self.kernel.reset(str(body.seed), mix)
        for fake in self.fakes.values():
            fake.reset()
        self.since = clock.now()
        return {}

    def scenario(self, body: _Scenario) -> dict[str, Any] | Response:
        if body.adapter not in self.fakes or body.code not in self.fakes[body.adapter].codes:
            return _refuse(404, f"no such fake or code: {body.adapter} {body.code}")
        if body.count:
            self.kernel.chooser.queue(body.adapter, body.code, body.count, self.fakes[body.adapter].codes)
        else:
            self.kernel.chooser.queued.pop(body.adapter, None)
        return {}

    def clock(self, body: _Clock) -> dict[str, Any]:
        done = self.kernel.advance(body.advance_s)
        return {"now": self.kernel.now().isoformat(), "done": done}

    def callback(self, body: _Callback) -> dict[str, Any] | Response:
        payment = self._payment(body.reference)
        if payment is None:
            return _refuse(404, f"no payment {body.reference}")
        before = len(self.kernel.sent)
        told = Told(says=body.says, times=body.times, is_forged=body.tamper)
        if body.after_s:
            self.kernel.later(body.after_s, lambda: self.kernel.tell(payment, told))
        else:
            self.kernel.tell(payment, told)
        return {"sent": [sent.as_document() for sent in self.kernel.sent[before:]]}

    def press(self, body: _Press) -> dict[str, Any] | Response:
        """Do what the payer presses on his phone: his PIN, or no."""
        payment = self._payment(body.reference)
        if payment is None or not payment.is_pending:
            return _refuse(404, f"nothing to press for {body.reference}")
        if body.choice == "pay":
            self.kernel.succeed(payment)
        else:
            self.kernel.end(payment, SeenState.CANCELLED, Reason.NOT_APPROVED)
        self.kernel.tell(payment)
        return {"state": payment.state}

    def configure(self, body: _Configure) -> dict[str, Any] | Response:
        try:
            self.kernel.configure(body.callbacks, body.secrets, is_by_hand=body.by_hand)
        except NotLoopbackError as error:
            return _refuse(422, f"not loopback: {error}")
        return {}

    def book(self, call: Call) -> dict[str, Any]:
        adapter = call.query.get("adapter", "")
        rows = [row for row in self.kernel.book if adapter in {"", row.adapter}]
        now = self.kernel.now().isoformat()
        return {"now": now, "since": self.since.isoformat(), "book": [row.as_document() for row in rows]}

    def payments(self, call: Call) -> dict[str, Any]:
        """Return the newest orders, whatever became of them, as the other side sees them."""
        wanted = [call.query["adapter"]] if call.query.get("adapter") else [*self.fakes]
        found = [payment for name in wanted for payment in self.kernel.search(name)]
        newest = sorted(found, key=lambda payment: payment.opened_at, reverse=True)[:MOST_SHOWN]
        return {"payments": [_payment_document(payment) for payment in newest]}

    def letters(self, call: Call) -> dict[str, Any]:
        """Return the newest messages that phones, mailboxes and browsers received."""
        newest = PHONES.letters(call.query.get("adapter", ""), call.query.get("to", ""))[:-MOST_SHOWN:-1]
        return {"letters": [{**asdict(one), "at": one.at.isoformat()} for one in newest]}

    def calls(self, call: Call) -> dict[str, Any]:
        adapter = call.query.get("adapter", "")
        kernel = self.kernel
        return {
            "calls": [one.as_document() for one in kernel.calls if adapter in {"", one.adapter}],
            "sent": [one.as_document() for one in kernel.sent if adapter in {"", one.adapter}],
            "codes": Counter(kernel.chooser.counts),
        }

    def _payment(self, reference: str) -> Payment | None:
        for name in self.fakes:
            found = self.kernel.find(name, reference) or next(iter(self.kernel.search(name, reference)), None)
            if found is not None:
                return found
        return None


def routes(kernel: Kernel, fakes: Mapping[str, Fake]) -> list[Route]:
    """Return the routes of the control API."""
    controls = _Controls(kernel, fakes)
    return [
        route("/reset", _reading(_Reset, controls.reset)),
        route("/scenario", _reading(_Scenario, controls.scenario)),
        route("/clock", _reading(_Clock, controls.clock)),
        route("/callback", _reading(_Callback, controls.callback)),
        route("/configure", _reading(_Configure, controls.configure)),
        route("/press", _reading(_Press, controls.press)),
        route("/book", controls.book, "GET"),
        route("/payments", controls.payments, "GET"),
        route("/letters", controls.letters, "GET"),
        route("/calls", controls.calls, "GET"),
    ]


def _reading(
    model: type[Any], act: Callable[[Any], dict[str, Any] | Response]
) -> Callable[[Call], dict[str, Any] | Response]:
    """Read the body as `model`, then act; what is no such body is answered 422."""

    def handle(call: Call) -> dict[str, Any] | Response:
        try:
            body = model.model_validate_json(call.body or b"{}")
        except ValidationError as error:
            return _refuse(422, str(error.errors(include_input=False, include_url=False)))
        return act(body)

    return handle


def _payment_document(payment: Payment) -> dict[str, Any]:
    return {
        "adapter": payment.adapter,
        "id": payment.id,
        "reference": payment.reference,
        "operation": payment.operation,
        "party": payment.party,
        "amount_minor": payment.asked.minor,
        "currency": payment.asked.currency,
        "state": payment.state,
        "code": payment.story.code,
        "at": payment.opened_at.isoformat(),
    }


def _refuse(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status)
