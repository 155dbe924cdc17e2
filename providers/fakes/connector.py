"""What the fakes of a biller and of a seller of airtime have in common (`docs/connectors.md`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.money import Currency, InvalidAmount, Money
from providers.answers import Reason, SeenState
from providers.fakes.base import Answers, Call, Fake, route
from providers.fakes.behaviour import STORIES, Story
from providers.fakes.kernel import Kernel, Payment

PAGE = 50
ADVANCE_MINOR = 100_000_000
SLOW_TO_PAY = "017"  # received, then paid two seconds later: the only one whose first answer is «pending»
_CODES = {
    Reason.OUR_WALLET_EMPTY: "our_balance",
    Reason.PAYEE_NOT_FOUND: "unknown_reference",
    Reason.PAYEE_NOT_ALLOWED: "not_allowed",
}


class Refused(Exception):  # noqa: N818  # an answer of the format, not an error of ours
    """A certain no, as the format says it."""

    def __init__(self, code: str, status: int = 422) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class ConnectorFake(Fake):
    """A service that speaks the house's own format; a subclass says what a payment names."""

    path: str
    cannot_show = frozenset({"023"})  # nobody pays a seller's own customers in our name

    def party_of(self, document: Mapping[str, Any]) -> str:
        """Return whom an order is for; raises `Refused`."""
        raise NotImplementedError

    def shown_party(self, payment: Payment) -> dict[str, str]:
        """Return the fields by which a record names whom it paid."""
        raise NotImplementedError

    def sandbox(self, _party: str) -> dict[str, Story]:
        """Return the parties that ask for a story of their own, beside the numbers every fake knows."""
        return {}

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the calls of the format."""
        return [
            route(f"{self.path}/{{id}}", lambda call: self._answer(kernel, call, self._pay), "PUT"),
            route(f"{self.path}/{{id}}", lambda call: self._answer(kernel, call, self._read), "GET"),
            route(self.path, lambda call: self._answer(kernel, call, self._list), "GET"),
            route("/v1/balance", lambda call: self._answer(kernel, call, self._balance), "GET"),
        ]

    def refusal(self, status: int) -> Response:
        """Say 401, 403, 429 or 500."""
        return JSONResponse({"code": {401: "unauthorised", 403: "forbidden"}.get(status, "busy")}, status)

    def _answer(self, kernel: Kernel, call: Call, work: Any) -> Response:
        if call.bearer not in kernel.secret(self.name, "api_key").splitlines():
            raise Answers(401)
        try:
            return JSONResponse(work(kernel, call))
        except Refused as refused:
            return JSONResponse({"code": refused.code}, refused.status)

    def _pay(self, kernel: Kernel, call: Call) -> dict[str, Any]:
        known = kernel.find(self.name, call.params["id"])
        if known is not None:
            return self._record(known)
        document = call.document()
        _require_own_id(call.params["id"])
        party, amount = self.party_of(document), _amount(document)
        if _instant(document.get("valid_until")) < kernel.now():
            raise Refused("too_late")
        sandbox = self.sandbox(party)
        story = kernel.behaviour(self.name, "payout", call.params["id"], party, amount, sandbox)
        payment = kernel.open(
            self,
            "payout",
            call.params["id"],
            amount,
            reference=call.params["id"],
            party=party,
            sandbox=sandbox,
            is_immediate=story.code != SLOW_TO_PAY,
            document=document,
        )
        return self._record(payment)

    def _read(self, kernel: Kernel, call: Call) -> dict[str, Any]:
        payment = kernel.read(self.name, call.params["id"])
        if payment is None:
            raise Refused("unknown_payment", 404)
        return self._record(payment)

    def _list(self, kernel: Kernel, call: Call) -> dict[str, Any]:
        since, until = _instant(call.query.get("from")), _instant(call.query.get("until"))
        done = [
            payment
            for payment in kernel.listed(self.name)
            if payment.ended_at and since <= payment.ended_at < until and payment.state in _MOVED
        ]
        begin = int(call.query.get("cursor", "0"))
        following = str(begin + PAGE) if len(done) > begin + PAGE else None
        return {"payments": [self._record(payment) for payment in done[begin : begin + PAGE]], "next": following}

    def _balance(self, kernel: Kernel, _call: Call) -> dict[str, Any]:
        spent = sum(
            -movement.amount_minor if movement.kind == "reversal" else movement.amount_minor
            for movement in kernel.book
            if movement.adapter == self.name
        )
        left = Money(ADVANCE_MINOR - spent, Currency.XAF)
        return {"amount": left.plain, "currency": left.currency, "at": kernel.now().isoformat()}

    def _record(self, payment: Payment) -> dict[str, Any]:
        is_failed = payment.state is SeenState.FAILED
        return {
            "id": payment.id,
            **self.shown_party(payment),
            "status": payment.state.value,
            "amount": payment.amount.plain,
            "currency": payment.amount.currency,
            "fee": Money.zero(payment.amount.currency).plain,
            "provider_ref": payment.provider_ref,
            "at": (payment.ended_at or payment.opened_at).isoformat(),
            **({"code": _CODES.get(payment.reason, "unavailable")} if is_failed and payment.reason else {}),
        }


_MOVED = frozenset({SeenState.SUCCEEDED, SeenState.REVERSED})


def story_by_ending(text: str, prefix: str) -> Story | None:
    """Return the story that a text of the form `{prefix}…NNN` asks for, None when it asks for none."""
    return STORIES.get(text[-3:]) if text.startswith(prefix) else None


def _require_own_id(identifier: str) -> None:
    try:
        is_right = UUID(identifier).version == 4  # noqa: PLR2004  # the only kind we send
    except ValueError:
        is_right = False
    if not is_right:
        raise Refused("invalid_id", 400)


def _amount(document: Mapping[str, Any]) -> Money:
    try:
        currency = Currency(document.get("currency", ""))
    except ValueError:
        raise Refused("currency") from None
    try:
        amount = Money.parse(str(document.get("amount", "")), currency)
    except InvalidAmount:
        raise Refused("amount_out_of_bounds") from None
    if amount.minor == 0 or amount.plain != document.get("amount"):
        raise Refused("amount_out_of_bounds")
    return amount


def _instant(raw: Any) -> datetime:
    try:
        found = datetime.fromisoformat(raw)
    except (ValueError, TypeError):
        raise Refused("invalid_instant", 400) from None
    if found.tzinfo is None:
        raise Refused("invalid_instant", 400)
    return found
