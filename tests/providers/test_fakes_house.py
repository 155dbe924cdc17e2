"""The house of the fakes: real sockets, a clock that is moved, a book, callbacks that never leave this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Route

from core.money import Currency, Money
from providers.answers import Reason, SeenState
from providers.fakes.base import Call, Fake, Notice, route
from providers.fakes.kernel import Kernel, NotLoopbackError, Payment, require_loopback
from providers.fakes.server import FakeServer
from providers.wire import Answered, Silence, Wire


class Toy(Fake):
    """The smallest provider: pay, read, and a callback."""

    name = "toy"

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def routes(self, kernel: Kernel) -> list[Route]:
        def pay(call: Call) -> dict[str, Any]:
            asked = call.document()
            payment = kernel.open(
                self,
                asked.get("operation", "collect"),
                asked["id"],
                Money(asked["amount"], Currency.XOF),
                reference=asked["id"],
                party=asked.get("party", ""),
                callback_url=f"{call.root}/heard",
                fee_bps=100,
                is_link_needed=asked.get("is_link_needed", False),
            )
            return {"status": payment.state}

        def read(call: Call) -> dict[str, Any] | Response:
            payment = kernel.read(self.name, call.params["id"])
            return {"status": payment.state, "reason": payment.reason} if payment else Response(status_code=404)

        def hear(call: Call) -> dict[str, Any]:
            self.heard.append(call.document())
            return {}

        return [route("/pay", pay), route("/pay/{id}", read, "GET"), route("/heard", hear)]

    def notice(self, kernel: Kernel, payment: Payment, says: SeenState, *, is_forged: bool) -> Notice:
        body = {"id": payment.id, "says": says, "is_forged": is_forged, "amount": payment.amount.minor}
        return Notice(kernel.callback_url(self.name, payment.callback_url), json.dumps(body).encode())

    def reset(self) -> None:
        self.heard.clear()


@dataclass
class House:
    toy: Toy
    kernel: Kernel
    url: str

    def pay(self, id: str, code: str = "", amount: int = 5_000, **more: Any) -> Answered | Silence:  # noqa: A002
        party = f"2290197000{code}" if code else "2290197123456"
        return self.call("POST", "toy/pay", {"id": id, "amount": amount, "party": party, **more})

    def read(self, id: str) -> Any:  # noqa: A002
        answer = self.call("GET", f"toy/pay/{id}")
        assert isinstance(answer, Answered)
        return answer.document().get("status", answer.document().get("code", answer.status))

    def call(self, method: str, path: str, document: Any = None) -> Answered | Silence:
        return Wire().call("toy", method, f"{self.url}/{path}", document=document, read_timeout_s=10)

    def control(self, path: str, document: Any = None) -> Any:
        answer = self.call("GET" if document is None else "POST", f"_fake/{path}", document)
        assert isinstance(answer, Answered)
        return answer.json() if answer.is_success else answer.status


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeServer]:
    server = FakeServer(Kernel(pace=0.002, is_manual=True), made=[Toy()])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def house(_server: FakeServer) -> House:
    (toy,) = _server.fakes
    assert isinstance(toy, Toy)
    toy.reset()
    _server.kernel.reset()
    _server.kernel.callbacks.clear()
    return House(toy, _server.kernel, _server.url)


def amounts(house: House) -> list[tuple[str, int]]:
    return [(movement.kind, movement.amount_minor) for movement in house.kernel.book]


def test_a_payment_is_decided_after_two_seconds_and_told_once(house: House) -> None:
    house.pay("p1")
    assert house.read("p1") == "pending"
    assert amounts(house) == []
    house.kernel.advance(1.9)
    assert house.read("p1") == "pending"
    house.kernel.advance(0.2)
    assert house.read("p1") == "succeeded"
    assert amounts(house) == [("collect", 5_000)]
    assert [heard["says"] for heard in house.toy.heard] == ["succeeded"]
    house.kernel.advance(100_000)
    assert len(house.toy.heard) == 1
    assert len(house.kernel.book) == 1


def test_what_falls_due_happens_at_its_instant_even_in_one_leap(house: House) -> None:
    started = house.kernel.now()
    house.pay("p1", "013", operation="payout")
    house.kernel.advance(10_000)
    assert amounts(house) == [("payout", 5_000), ("reversal", 5_000)]
    first, second = house.kernel.book
    assert 2 <= (first.at - started).total_seconds() < 3
    assert 3_602 <= (second.at - started).total_seconds() < 3_603
    assert house.read("p1") == "reversed"


@pytest.mark.parametrize("code", ["001", "011"])
def test_a_lost_request_records_nothing(house: House, code: str) -> None:
    answer = house.pay("p1", code)
    assert isinstance(answer, Silence)
    assert answer.is_sent
    house.kernel.advance(10_000)
    assert house.read("p1") == 404
    assert len(house.kernel.book) == 0


@pytest.mark.parametrize("code", ["002", "003", "021", "027"])
def test_a_lost_answer_is_executed_all_the_same(house: House, code: str) -> None:
    answer = house.pay("p1", code)
    assert isinstance(answer, Silence) or answer.status == 500 or answer.document() == {}
    house.kernel.advance(10)
    assert house.read("p1") == "succeeded"
    assert amounts(house) == [("collect", 5_000)]


def test_a_link_whose_answer_was_lost_is_never_paid(house: House) -> None:
    house.pay("p1", "002", is_link_needed=True)
    house.kernel.advance(100_000)
    assert house.read("p1") == "pending"
    assert len(house.kernel.book) == 0


def test_a_held_socket_holds_nobody_else(house: House) -> None:
    house.kernel.pace = 0.02  # it holds for 0.8 s
    started = threading.Event()

    def hold() -> None:
        started.set()
        house.pay("held", "011")

    threads = [threading.Thread(target=hold) for _ in range(50)]
    for thread in threads:
        thread.start()
    started.wait(5)
    assert isinstance(house.pay("p1"), Answered)
    assert any(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join(10)
    house.kernel.pace = 0.002


def test_callbacks_come_as_the_story_says(house: House) -> None:
    for code in ("004", "005", "006", "007", "017", "018"):
        house.pay(f"p{code}", code)
    assert [heard["id"] for heard in house.toy.heard] == ["p006"]  # before the answer to the order
    house.kernel.advance(10)
    told = {
        code: [h["says"] for h in house.toy.heard if h["id"] == f"p{code}"] for code in ("004", "007", "017", "018")
    }
    assert told == {
        "004": ["succeeded"] * 5,
        "007": ["succeeded", "pending"],
        "017": [],
        "018": ["succeeded", "failed"],
    }
    assert [heard["is_forged"] for heard in house.toy.heard if heard["id"] == "p018"] == [True, False]
    house.kernel.advance(600)
    assert [heard["id"] for heard in house.toy.heard].count("p005") == 1


def test_what_moves_is_not_always_what_was_asked(house: House) -> None:
    for code in ("008", "009", "010"):
        house.pay(f"p{code}", code)
    house.kernel.advance(10)
    moved = {row.payment_id: (row.amount_minor, row.currency, row.party) for row in house.kernel.book}
    assert moved == {
        "p008": (4_900, "XOF", "2290197000008"),
        "p009": (5_000, "XAF", "2290197000009"),
        "p010": (5_000, "XOF", "2290197000777"),
    }


def test_failures_have_the_reason_of_their_direction(house: House) -> None:
    house.pay("in", "014")
    house.pay("out", "014", operation="payout")
    house.kernel.advance(10)
    reasons = {payment.id: payment.reason for payment in house.kernel.search("toy")}
    assert reasons == {"in": Reason.INSUFFICIENT_FUNDS, "out": Reason.OUR_WALLET_EMPTY}
    assert len(house.kernel.book) == 0


def test_late_money_a_stranger_and_a_hole_in_the_list(house: House) -> None:
    house.pay("late", "022")
    house.pay("with-stranger", "023")
    house.pay("hidden", "024")
    house.kernel.advance(10)
    assert house.read("late") == "failed"
    house.kernel.advance(60)
    assert house.read("late") == "succeeded"
    assert sorted(amounts(house)) == [("collect", 5_000)] * 3 + [("unasked", 5_000)]
    listed = [payment.id for payment in house.kernel.listed("toy")]
    assert "hidden" not in listed
    assert len(listed) == 3


def test_statuses_that_are_no_answer(house: House) -> None:
    once = [house.pay("p025", "025"), house.pay("p025", "025")]
    assert [answer.status for answer in once if isinstance(answer, Answered)] == [401, 200]
    always = [house.pay("p026", "026"), house.pay("p026", "026")]
    assert [answer.status for answer in always if isinstance(answer, Answered)] == [403, 403]
    house.pay("p020", "020")
    house.kernel.advance(10)
    assert [house.read("p020") for _ in range(3)] == ["429", "429", "succeeded"]


def test_pending_for_ever_is_pending_after_a_year(house: House) -> None:
    house.pay("p1", "012")
    house.kernel.advance(365 * 86_400)
    assert house.read("p1") == "pending"
    assert house.toy.heard == []


@pytest.mark.parametrize("url", ["http://example.org/x", "https://10.0.0.1/", "ftp://127.0.0.1/", "//127.0.0.1/", ""])
def test_a_fake_calls_nobody_outside_this_machine(house: House, url: str) -> None:
    with pytest.raises(NotLoopbackError):
        require_loopback(url)
    with pytest.raises(NotLoopbackError):
        house.kernel.callback(url, "POST", {}, b"{}")
    assert house.control("configure", {"callbacks": {"toy": url}}) == 422
    for local in ("http://127.0.0.1:9/x", "http://localhost/x", "https://[::1]/x"):
        require_loopback(local)


def test_a_callback_address_outside_is_refused_and_said(house: House) -> None:
    house.kernel.callbacks["toy"] = "https://palabre.example/callback"
    house.pay("p1")
    house.kernel.advance(10)
    assert [(sent.status, sent.error) for sent in house.kernel.sent] == [(None, "not loopback")]
    assert house.read("p1") == "succeeded"


def test_the_control_api_is_the_remote_of_all_this(house: House) -> None:
    assert house.control("scenario", {"adapter": "toy", "code": "014", "count": 1}) == {}
    house.pay("p1")
    house.pay("p2")
    assert house.control("clock", {"advance_s": 10})["done"] == 4
    book = house.control("book")["book"]
    assert [(row["payment_id"], row["amount_minor"], row["fee_minor"]) for row in book] == [("p2", 5_000, 50)]
    sent = house.control("callback", {"reference": "p2", "times": 3, "tamper": True})["sent"]
    assert [(one["is_forged"], one["status"]) for one in sent] == [(True, 200)] * 3
    calls = house.control("calls")
    assert calls["codes"] == {"014": 1, "000": 1}
    assert "2290197123456" not in json.dumps(calls)
    assert house.control("reset", {"seed": 7}) == {}
    assert house.control("book")["book"] == []
    assert house.kernel.chooser.seed == "7"
    house.kernel.reset()
    assert not house.kernel.chooser.mix, "the next one plays without chance"


@pytest.mark.parametrize(
    ("path", "document", "status"),
    [
        ("scenario", {"adapter": "nobody", "code": "001"}, 404),
        ("scenario", {"adapter": "toy", "code": "098"}, 404),
        ("scenario", {"adapter": "toy"}, 422),
        ("clock", {"advance_s": -1}, 422),
        ("callback", {"reference": "nothing"}, 404),
        ("reset", {"unknown": 1}, 422),
    ],
)
def test_the_control_api_refuses_what_it_does_not_know(house: House, path: str, document: Any, status: int) -> None:
    assert house.control(path, document) == status


def test_the_secrets_of_a_call_are_not_kept(house: House) -> None:
    house.pay("p1", pin="4711", api_key="clef-secrete", otp="123456")
    kept = json.dumps([call.as_document() for call in house.kernel.calls])
    for secret in ("4711", "clef-secrete", "123456", "2290197123456"):
        assert secret not in kept


def test_by_itself_the_clock_runs_in_real_time() -> None:
    kernel = Kernel()
    server = FakeServer(kernel, made=[Toy()])
    server.start()
    try:
        happened = threading.Event()
        kernel.later(3_600, lambda: None)
        kernel.later(0.05, happened.set)
        assert happened.wait(5)
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.example"}, 403),
        ({"Host": "rebound.example", "Origin": "http://rebound.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Host": ""}, 403),
    ],
)
def test_no_page_of_another_site_reaches_the_fakes(house: House, headers: dict[str, str], status: int) -> None:
    assert httpx.get(f"{house.url}/_fake/book", headers=headers).status_code == status
    body = json.dumps({"seed": "evil"})
    sent = httpx.post(f"{house.url}/_fake/reset", content=body, headers={"Content-Type": "text/plain", **headers})
    assert sent.status_code == status


def test_the_fakes_own_page_may_write(house: House) -> None:
    headers = {"Origin": house.url}
    assert httpx.post(f"{house.url}/_fake/reset", content=b"{}", headers=headers).status_code == 200
