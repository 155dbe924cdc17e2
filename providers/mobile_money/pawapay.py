"""pawaPay: deposits, payouts and refunds on many networks; `mixx` and `moov` are the same with fixed networks.

Source: *pawaPay Merchant API v2*. HTTP 200 also carries REJECTED; the second of one id is DUPLICATE_IGNORED.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from core import clock
from core.money import Money
from providers.answers import (
    Accepted,
    Account,
    Availability,
    Balance,
    Hint,
    InboundCall,
    NextStep,
    NotOffered,
    NotSeen,
    Order,
    Page,
    Reason,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.mobile_money import calls, pawapay_callbacks, pawapay_statements
from providers.mobile_money.calls import MoneyAdapter
from providers.mobile_money.pawapay_conf import Limits, ask, keys_of, limits_of
from providers.mobile_money.pawapay_words import (
    COUNTRIES,
    MANUALLY_CANCELLED,
    NETWORKS_WITH_CODE,
    NETWORKS_WITH_LINK,
    SANDBOX_PHONES,
    reason_of,
    seen_state,
)
from providers.wire import Answered, Wire

LONGEST_MESSAGE = 22
SHORTEST_MESSAGE = 4
LINK_LIFE = timedelta(minutes=30)
_USUAL_MESSAGE = "Paiement"
_PATHS = {"collect": "deposits", "payout": "payouts", "refund": "refunds"}
_IDS = {"collect": "depositId", "payout": "payoutId", "refund": "refundId"}


class PawaPay(MoneyAdapter):
    """The adapter; `networks` fixes the network of each country for the methods that are one operator's."""

    offers = frozenset({"collect", "payout", "refund", "list", "balance", "availability", "otp"})
    not_seen_is_proof = True
    is_resend_safe = True  # the second of one id is ignored
    schedule: Mapping[str, str] = MappingProxyType({"collect": "S1", "payout": "S3", "refund": "S3"})

    def __init__(self, name: str, networks: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.networks = networks

    def collect(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Ask for money: a prompt, a code typed before, or a page of the operator."""
        network = self._network(order)
        if isinstance(network, Rejected):
            return network
        own: dict[str, Any] = {"payer": _party(order, network), "clientReferenceId": order.reference}
        limits = limits_of(order, network, wire)
        if limits.authentication == "PREAUTH" or network in NETWORKS_WITH_CODE:
            if not order.otp:
                return Rejected(Reason.NOT_APPROVED, "preAuthorisationCode", "the payer's code is missing")
            own["preAuthorisationCode"] = order.otp
        if limits.authentication == "REDIRECT_AUTH" or network in NETWORKS_WITH_LINK:
            own.update(successfulUrl=order.return_url, failedUrl=order.cancel_url)
        return self._submit(order, wire, limits, own)

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Send money to a wallet."""
        network = self._network(order)
        if isinstance(network, Rejected):
            return network
        if network in NETWORKS_WITH_LINK:
            return Rejected(Reason.NOT_OFFERED, network, "no payout on this network")
        limits = limits_of(order, network, wire)
        own = {"recipient": _party(order, network), "clientReferenceId": order.reference}
        return self._submit(order, wire, limits, own)

    def refund(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Give back a deposit, whole or in part; one refund at a time."""
        if order.original is None:
            return Rejected(Reason.NOT_OFFERED, "original", "a refund names its deposit")
        return self._submit(order, wire, Limits(), {"depositId": str(order.original.external_id)})

    def status(self, order: Order, wire: Wire) -> Seen | NotSeen | Unknown:
        """Ask by our own id."""
        answer = ask(wire, order, "status", "GET", f"/v2/{_PATHS[order.direction]}/{order.external_id}")
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        document = answer.document()
        if answer.is_success and document.get("status") == "NOT_FOUND":
            return NotSeen("NOT_FOUND")
        data = calls.section(document.get("data"))
        if not answer.is_success or document.get("status") != "FOUND" or not calls.text_of(data.get("status")):
            return calls.unreadable(answer)
        return _seen(data, order.direction)

    def expire(self, order: Order, wire: Wire) -> None:
        """Call a payout back while it waits in pawaPay's queue; the next read tells."""
        if order.direction == "payout":
            ask(wire, order, "cancel", "POST", f"/v2/payouts/fail-enqueued/{order.external_id}")

    def resend_callback(self, order: Order, wire: Wire) -> bool:
        """Ask for the callback of a transfer again and say whether pawaPay agreed."""
        path = f"/v2/{_PATHS[order.direction]}/resend-callback/{order.external_id}"
        answer = ask(wire, order, "resend callback", "POST", path)
        return isinstance(answer, Answered) and answer.is_success and answer.document().get("status") == "ACCEPTED"

    def list(self, account: Account, day: date, cursor: str | None, wire: Wire) -> Page | NotOffered | Unknown:
        """Order the day's statement, then return it when it is ready: until then an empty page and its cursor."""
        wallets = self._wallets(account, wire) if cursor is None else []
        if isinstance(wallets, Unknown):
            return wallets
        return pawapay_statements.list_day(account, day, cursor, wallets, wire)

    def balance(self, account: Account, wire: Wire) -> Balance | NotOffered | Unknown:
        """Ask what our wallets of the account's country and currency hold; several currencies have no one sum."""
        rows = self._wallets(account, wire)
        if isinstance(rows, Unknown):
            return rows
        read = [calls.money(row.get("balance"), row.get("currency")) for row in rows]
        held = [amount for amount in read if amount is not None]
        if not held or len(held) < len(rows) or len({amount.currency for amount in held}) > 1:
            return NotOffered()
        return Balance(sum(held[1:], held[0]), clock.now())

    def _wallets(self, account: Account, wire: Wire) -> Sequence[Mapping[str, Any]] | Unknown:
        """Return our wallets that are this account's: of its country and currency, where it names them."""
        rows = self._balances(account, wire)
        if isinstance(rows, Unknown):
            return rows
        country = COUNTRIES.get(account.country, account.country)
        return [
            row for row in rows if account.currency in ("", row.get("currency")) and country in ("", row.get("country"))
        ]

    def _balances(self, account: Account, wire: Wire) -> Sequence[Mapping[str, Any]] | Unknown:
        answer = ask(wire, account, "balance", "GET", "/v2/wallet-balances")
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        rows = answer.document().get("balances")
        return [*map(calls.section, rows)] if answer.is_success and isinstance(rows, list) else calls.unreadable(answer)

    def availability(self, account: Account, wire: Wire) -> Availability | Unknown:
        """Ask which networks work: `operational`, `delayed` or `closed`, the worse of money in and money out."""
        answer = ask(wire, account, "availability", "GET", "/v2/availability")
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        countries = answer.json()
        if not answer.is_success or not isinstance(countries, list):
            return calls.unreadable(answer)
        networks: dict[str, str] = {}
        for provider in _providers(countries):
            kinds = provider.get("operationTypes")
            words = (
                [calls.text_of(calls.section(kind).get("status")) for kind in kinds] if isinstance(kinds, list) else []
            )
            known = [word for word in _WORST_FIRST if word in words]
            networks[calls.text_of(provider.get("provider"))] = (known[0] if known else "CLOSED").lower()
        return Availability(networks)

    def predict(self, account: Account, phone: str, wire: Wire) -> str | Unknown:
        """Return the network pawaPay guesses for a number, empty when it knows none: a preselection and no more."""
        answer = ask(wire, account, "predict", "POST", "/v2/predict-provider", {"phoneNumber": phone.removeprefix("+")})
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        return calls.text_of(answer.document().get("provider")) if answer.is_success else ""

    def probe(self, account: Account, wire: Wire) -> bool:
        """Read the balances, and have the keys of callbacks at hand before the first one comes."""
        keys_of(account, "", wire)
        return not isinstance(self._balances(account, wire), Unknown)

    def verify_callback(self, call: InboundCall, accounts: Sequence[Account]) -> Hint | Refusal:
        """Believe what pawaPay signed for the public address; keys are fetched once and kept."""
        return pawapay_callbacks.verify(call, accounts)

    def _network(self, order: Order) -> str | Rejected:
        if order.party is None:
            return Rejected(Reason.INVALID_PHONE, "party", "a deposit and a payout name a phone")
        if self.networks is not None:
            fixed = self.networks.get(order.party.country)
            return fixed or Rejected(Reason.COUNTRY_NOT_ALLOWED, order.party.country, f"{self.name} is not there")
        return order.party_code or Rejected(Reason.CONFIGURATION, "provider", "the route names no network")

    def _submit(
        self, order: Order, wire: Wire, limits: Limits, own: Mapping[str, Any]
    ) -> Accepted | Rejected | Unknown:
        amount = calls.amount_text(order, limits.decimals)
        if isinstance(amount, Rejected):
            return amount
        if not limits.allow(order.amount):
            return Rejected(Reason.AMOUNT_OUT_OF_BOUNDS, "active-conf", f"{limits.smallest} … {limits.largest}")
        document = {
            _IDS[order.direction]: str(order.external_id),
            "amount": amount,
            "currency": order.amount.currency.value,
            **own,
            "metadata": [{"t": order.reference}],
        }
        if order.direction != "refund":
            document["customerMessage"] = message_of(order.label)
        answer = ask(wire, order, order.direction, "POST", f"/v2/{_PATHS[order.direction]}", document)
        return _submitted(answer, order.direction) if isinstance(answer, Answered) else answer


_WORST_FIRST = ("CLOSED", "DELAYED", "OPERATIONAL")


def message_of(label: str) -> str:
    """Return 4 to 22 letters, digits and spaces for the payer's phone."""
    message = calls.plain_words(label, LONGEST_MESSAGE)
    return message if len(message) >= SHORTEST_MESSAGE else _USUAL_MESSAGE


def _party(order: Order, network: str) -> dict[str, Any]:
    return {"type": "MMO", "accountDetails": {"phoneNumber": _number(order), "provider": network}}


def _number(order: Order) -> str:
    """Return the digits pawaPay takes; the old Benin numbers its sandbox knows leave as they were."""
    if order.party is None:
        return ""
    old = order.party.for_provider("pawapay", is_bj_legacy=True)
    usual = SANDBOX_PHONES if order.account.environment != "live" else frozenset()
    return old if old in order.account.settings.get("allowed_phones", usual) else order.party.for_provider("pawapay")


def _submitted(answer: Answered, direction: str) -> Accepted | Rejected | Unknown:
    document = answer.document()
    failure = calls.section(document.get("failureReason"))
    code = calls.text_of(failure.get("failureCode"))
    if not answer.is_success:
        if answer.status == calls.NOT_FOUND and not code:
            return Rejected(Reason.CONFIGURATION, str(answer.status), calls.kept_text(answer))
        return Rejected(reason_of(code, direction), code or str(answer.status), calls.kept_text(answer))
    match document.get("status"):
        case "ACCEPTED":
            return Accepted(next=_next_step(document, direction))
        case "DUPLICATE_IGNORED":
            return Accepted()  # pawaPay has it already: the read tells what became of it
        case "REJECTED":
            return Rejected(reason_of(code, direction), code or "REJECTED", calls.kept_text(answer))
    return calls.unreadable(answer)


def _next_step(document: Mapping[str, Any], direction: str) -> NextStep:
    """Return what the payer does now; a link that is not there yet comes with a read or a callback."""
    link = calls.text_of(document.get("authorizationUrl"))
    if direction != "collect":
        return NextStep()
    if link:
        return NextStep("open_link", url=link, until=clock.now() + LINK_LIFE)
    return NextStep(
        "confirm_on_phone" if calls.text_of(document.get("nextStep")) in {"", "FINAL_STATUS"} else "nothing"
    )


def _seen(data: Mapping[str, Any], direction: str) -> Seen:
    word = calls.text_of(data.get("status"))
    state, is_known = seen_state(word)
    code = calls.text_of(calls.section(data.get("failureReason")).get("failureCode"))
    if state is SeenState.FAILED and code == MANUALLY_CANCELLED:
        state = SeenState.CANCELLED
    party = calls.section(data.get("payer")) or calls.section(data.get("recipient"))
    is_link = state is SeenState.PENDING and bool(calls.text_of(data.get("authorizationUrl")))
    return Seen(
        state=state,
        provider_state=f"{word} {code}".strip(),
        amount=_amount(data),
        currency_text=calls.text_of(data.get("currency")),
        party=calls.phone(calls.section(party.get("accountDetails")).get("phoneNumber")),
        provider_ref=calls.text_of(data.get("providerTransactionId")) or None,
        reason=reason_of(code, direction) if state is SeenState.FAILED else None,
        at=calls.instant(data.get("created")),
        is_word_known=is_known,
        next_step=_next_step(data, direction) if is_link else None,
    )


def _amount(data: Mapping[str, Any]) -> Money | None:
    return calls.money(data.get("amount"), data.get("currency"))


def _providers(countries: Sequence[Any]) -> list[Mapping[str, Any]]:
    listed = (calls.section(country).get("providers") for country in countries)
    return [calls.section(provider) for providers in listed if isinstance(providers, list) for provider in providers]


ADAPTER = PawaPay("pawapay")
MIXX = PawaPay("mixx", MappingProxyType({"SN": "FREE_SEN"}))
MOOV = PawaPay("moov", MappingProxyType({"BJ": "MOOV_BEN", "BF": "MOOV_BFA"}))
ADAPTERS = (ADAPTER, MIXX, MOOV)
