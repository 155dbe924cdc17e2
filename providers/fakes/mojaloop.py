"""The Mojaloop scheme adapter on loopback: its outbound API, with its real ways to go wrong, and a hub behind it.

`configure {"secrets": {"mojaloop": {…}}}` says how it is run: `mode` (`one_step`, `two_step`), `ids` (`own_id`,
`id_ignored`, `id_closed`), `currencies` (a comma list), `position` (minor units prefunded at the switch).
"""

import base64
import hashlib
import threading
from collections import Counter
from datetime import timedelta

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.money import Currency
from providers.amounts import parse_amount
from providers.answers import SeenState
from providers.fakes import mojaloop_papers as papers
from providers.fakes.base import Call, Dropped, Fake, Fault, Hung, route
from providers.fakes.kernel import Kernel
from providers.fakes.mojaloop_checks import acceptance_refusal, refusal
from providers.fakes.mojaloop_hub import WORDS, Hub
from providers.fakes.mojaloop_papers import Record
from providers.fakes.mojaloop_tales import (
    CODES,
    LIES_AFTER_S,
    LOOKED_UP,
    MIX,
    ORDINARY,
    SLOW_S,
    TALES,
    Tale,
    code_of_payee,
)
from providers.mojaloop.proofs import condition_of

NOBODY = "22900000000"  # the probe's payee
WAITING_PARTY, WAITING_QUOTE = "WAITING_FOR_PARTY_ACCEPTANCE", "WAITING_FOR_QUOTE_ACCEPTANCE"
QUOTE_LIFE = timedelta(seconds=60)
_FAULTS: dict[str, type[Fault]] = {"closed": Dropped, "silent": Hung}
_SHOW_THE_HUB = frozenset({"fulfil", "cut", "undefined", "bad_proof"})
_SHORT_BENIN = len("22997000001")


class MojaloopFake(Fake):
    """The adapter. It keeps records of transfers as a cache does; what really moved stands in the hub and the book."""

    name = "mojaloop"
    codes = CODES

    def __init__(self) -> None:
        self._desk: _Desk | None = None

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the outbound API, also under the prefix of one institution among several."""
        desk = self._desk = _Desk(self, kernel)
        return [
            found
            for prefix in ("", "/{dfsp}")
            for found in (
                route(f"{prefix}/", desk.health, "GET"),
                route(prefix + "/parties/{type}/{value:path}", desk.look_up, "GET"),
                route(f"{prefix}/transfers", desk.order),
                route(prefix + "/transfers/{id}", desk.accept, "PUT"),
                route(prefix + "/transfers/{id}", desk.read, "GET"),
            )
        ]

    def refusal(self, status: int) -> Response:
        """Answer as a proxy before it does."""
        return papers.plain(status, "refused")

    def reset(self) -> None:
        """Forget every record, as an adapter whose cache is emptied, and fund the position."""
        if self._desk is not None:
            self._desk.reset()


class _Desk:
    """What each address does."""

    def __init__(self, fake: MojaloopFake, kernel: Kernel) -> None:
        self.fake = fake
        self.kernel = kernel
        self.hub = Hub(fake, kernel)
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        with self._lock:
            self._records: dict[str, Record] = {}
            self._tales: dict[str, Tale] = {}  # by payment, and by payee who was looked up
            self._first_ids: dict[str, str] = {}
            self._seen: Counter[tuple[str, str]] = Counter()
        self.hub.reset()

    def health(self, _call: Call) -> Response:
        return Response(status_code=200)

    def look_up(self, call: Call) -> Response:
        id_type, value = call.params["type"], call.params["value"]
        tale = self._tale_of_payee(f"{id_type}:{value}", value, is_look_up=True)
        missing = self._missing(id_type, value, tale)
        if missing == "late":
            return papers.plain(papers.LATE, f"Timeout resolving party {id_type}")
        if missing and tale.party == "unknown_empty":
            return JSONResponse({"party": {"body": {}}, "currentState": "COMPLETED"})
        if missing:
            inner = {"errorInformation": {"errorCode": "3204", "errorDescription": "Party not found"}}
            return JSONResponse({**inner, "currentState": "COMPLETED"}, papers.NOT_FOUND)
        party = papers.party_of(id_type, value, tale, self._currencies())
        return JSONResponse({"party": {"body": party, "headers": {}}, "currentState": "COMPLETED"})

    def order(self, call: Call) -> Response:
        document = call.document()
        wrong = refusal(document, self._currencies(), takes_id=self._setting("ids") != "id_closed")
        if wrong:
            return papers.plain(papers.BAD_REQUEST, wrong)
        amount = parse_amount(document["amount"], Currency(document["currency"]))
        home_id = document["homeTransactionId"]
        tale = self._tale_of_order(home_id, document)
        if tale.is_refused_at_the_door or amount is None:
            return papers.plain(papers.BAD_REQUEST, "must be equal to one of the allowed values")
        if self._count(home_id, "post") <= tale.rate_limits:
            return papers.plain(papers.TOO_MANY, "too many requests")
        record = Record(self._id_for(document, tale), home_id, document, tale, amount)
        with self._lock:
            self._records[record.transfer_id] = record
        stopped = None if document.get("skipPartyLookup") else self._resolve(record)
        if stopped is not None:
            return stopped
        return self._pause(record, WAITING_PARTY) or self._quote(record) or self._transfer(record)

    def accept(self, call: Call) -> Response:
        record = self._records.get(call.params["id"])
        wrong = acceptance_refusal(call.document())
        if wrong:
            return papers.plain(papers.BAD_REQUEST, wrong)
        is_party = "acceptParty" in call.document()
        if record is not None and is_party and record.tale.is_forgotten and self._is_first(record.home_id, "forgotten"):
            record = self._records.pop(record.transfer_id) and None
        if record is None:
            return papers.plain(papers.SERVER_ERROR, f"No cached data found for transferId: {call.params['id']}")
        if is_party and record.current_state == WAITING_PARTY:
            return self._quote(record) or self._pause(record, WAITING_QUOTE) or self._transfer(record)
        if not is_party and record.current_state == WAITING_QUOTE:
            return self._transfer(record)
        return Response(status_code=papers.NO_CONTENT) if record.last_error else papers.answer(record)

    def read(self, call: Call) -> Response:
        transfer_id = call.params["id"]
        record = self._records.get(transfer_id)
        payment = self.hub.find(transfer_id)
        tale = TALES.get(payment.story.code, ORDINARY) if payment else record.tale if record else ORDINARY
        if tale.read == "late":
            return papers.plain(papers.LATE, "Timeout")
        age_s = (self.kernel.now() - payment.opened_at).total_seconds() if payment else 0.0
        if payment is None or age_s < tale.hidden_s:
            return papers.read_error(transfer_id, "3208", is_hidden=tale.read == "in_message")
        if payment.state is SeenState.EXPIRED:
            return papers.read_error(transfer_id, "3303")
        state = WORDS[payment.state]
        if tale.read == "aborted_later" and age_s >= LIES_AFTER_S:
            state = WORDS[SeenState.FAILED]
        fulfil = papers.fulfil_of(state, payment.document["fulfilment"], payment.ended_at)
        body = {"transferId": transfer_id, "currentState": "COMPLETED", "fulfil": {"body": fulfil, "headers": {}}}
        return JSONResponse(body)

    # The stages of a transfer

    def _resolve(self, record: Record) -> Response | None:
        """Resolve the payee; an answer where that fails."""
        id_type, value = record.request["to"]["idType"], record.payee
        missing = self._missing(id_type, value, record.tale)
        if missing == "late":
            message = f"Timeout resolving payee for transfer {record.transfer_id}"
            return papers.error(record, "resolving party", message=message, status=papers.LATE)
        if missing:
            return papers.error(record, "resolving party", "3204")
        record.party = papers.party_of(id_type, value, record.tale, self._currencies())
        return None

    def _quote(self, record: Record) -> Response | None:
        """Ask for a quote; an answer where that fails. A time-out or a fault of the hub comes once."""
        tale = record.tale
        if tale.reply == "conversion":
            record.current_state = "WAITING_FOR_CONVERSION_ACCEPTANCE"
            return papers.answer(record)
        if tale.quote == "504" and self._is_first(record.home_id, "quote"):
            message = f"Timeout requesting quote for transfer {record.transfer_id}"
            return papers.error(record, "requesting quote", message=message, status=papers.LATE)
        if tale.quote == "5103" or (tale.quote == "2003" and self._is_first(record.home_id, "quote")):
            return papers.error(record, "requesting quote", tale.quote)
        seed = f"{record.transfer_id}:{self._count(record.transfer_id, 'quote')}"
        proof, other = (_preimage(f"{name}:{seed}") for name in ("proof", "other"))
        record.fulfilment = other if tale.is_proof_false else proof
        record.quote = papers.quote_of(record, condition_of(proof), self.kernel.now() + QUOTE_LIFE)
        return None

    def _transfer(self, record: Record) -> Response:
        """Let the hub have it, and answer as the tale says."""
        tale = record.tale
        record.current_state, record.last_error = "COMPLETED", {}
        refused = self.hub.prepare(record) if tale.ending != "never" else ""
        if tale.answers_after_s:
            self.kernel.wait(tale.answers_after_s)
        if refused:
            return papers.error(record, "preparing transfer", refused)
        payment = self.hub.find(record.transfer_id)
        if payment is not None and tale.reply in _SHOW_THE_HUB:
            state = WORDS.get(payment.state, "RECEIVED")
            record.fulfil = papers.fulfil_of(state, record.fulfilment, payment.ended_at)
        record.is_prepared = tale.reply not in {"refused", "hang_up"}
        return self._reply(record)

    def _reply(self, record: Record) -> Response:
        reply = record.tale.reply
        if reply == "refused":
            return papers.error(record, "preparing transfer", record.tale.code_said)
        if reply in papers.FAILURES:
            message, status = papers.FAILURES[reply]
            return papers.error(record, "", message=message.format(id=record.transfer_id), status=status)
        if reply in _FAULTS:
            raise _FAULTS[reply]
        if reply == "page":
            return papers.page()
        return papers.cut(record) if reply == "cut" else papers.answer(record)

    def _pause(self, record: Record, state: str) -> Response | None:
        """Wait for our acceptance, where the adapter is run so."""
        if self._setting("mode") != "two_step":
            return None
        record.current_state = state
        return papers.answer(record)

    # What is chosen

    def _missing(self, id_type: str, value: str, tale: Tale) -> str:
        """Return how a payee does not resolve, or nothing."""
        is_short = id_type == "MSISDN" and len(value) == _SHORT_BENIN
        if value == NOBODY or tale.party in {"unknown", "unknown_empty"}:
            return "unknown"
        if (tale.party == "eight" and not is_short) or (tale.party == "ten" and is_short):
            return "unknown"
        if tale.party == "late" and self._is_first(value, "party"):
            return "late"
        if tale.party == "slow":
            self.kernel.wait(SLOW_S)
        return ""

    def _tale_of_order(self, home_id: str, document: papers.Document) -> Tale:
        """Return the tale of a payment: the same for each of its transfers, but where it happens once."""
        to = document["to"]
        with self._lock:
            known = self._tales.get(home_id)
        tale = known or self._tale_of_payee(f"{to['idType']}:{to['idValue']}", to["idValue"], is_look_up=False)
        own_id = str(document.get("transferId", ""))
        with self._lock:
            self._tales[home_id] = tale
            is_another = self._first_ids.setdefault(home_id, own_id) != own_id
        return ORDINARY if tale.is_once and is_another else tale

    def _tale_of_payee(self, key: str, value: str, *, is_look_up: bool) -> Tale:
        """Return the tale of a payee: a queued one, his own number's, or chance's."""
        with self._lock:
            known = self._tales.get(key)
        if known is not None and (is_look_up or known.code in LOOKED_UP):
            return known
        mix = self.kernel.chooser.mix and MIX
        code = self.kernel.code(
            self.fake.name, "payout", key, code_of_payee(value), mix, LOOKED_UP if is_look_up else None
        )
        tale = TALES.get(code, ORDINARY)
        if is_look_up:
            with self._lock:
                self._tales[key] = tale
        return tale

    def _id_for(self, document: papers.Document, tale: Tale) -> str:
        """Return the id the adapter works with: ours, where it takes it."""
        own_id = str(document.get("transferId", ""))
        if tale.is_under_another_id or self._setting("ids") == "id_ignored" or not own_id:
            home_id = document["homeTransactionId"]
            return papers.ulid(f"{home_id}:{own_id}:{self._count(home_id, 'id')}")
        return own_id

    def _currencies(self) -> tuple[str, ...]:
        return papers.currencies_of(self._setting("currencies"))

    def _setting(self, name: str) -> str:
        return self.kernel.secrets.get(self.fake.name, {}).get(name, "")

    def _count(self, key: str, what: str) -> int:
        with self._lock:
            self._seen[key, what] += 1
            return self._seen[key, what]

    def _is_first(self, key: str, what: str) -> bool:
        return self._count(key, what) == 1


def _preimage(seed: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).rstrip(b"=").decode("ascii")


FAKES = (MojaloopFake,)
