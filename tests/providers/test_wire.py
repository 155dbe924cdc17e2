"""One exchange on the wire: what is kept of it, and which silence proves that nothing was sent."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from core.masking import DOTS
from providers.wire import LARGEST_KEPT_BYTES, Answered, Silence, Wire

PIN = "4711"
TOKEN = "jeton-tres-secret"
PHONE = "+2290197000001"


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Listen for one connection, read its request, and let `answer` do what it wants."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/pay"
        thread.join(5)


def replying(body: bytes, status: str = "200 OK") -> Callable[[socket.socket], None]:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    return lambda connection: connection.sendall(head + body)


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    wire = Wire()
    answer = wire.call("collect", "POST", f"http://127.0.0.1:{port}/pay", document={"amount": "5000"})
    assert answer == Silence(is_sent=False, error_kind="ConnectError")
    assert [exchange.error_kind for exchange in wire.exchanges] == ["ConnectError"]
    assert wire.exchanges[0].answered_at is None


def test_an_address_that_is_none_means_that_nothing_was_sent() -> None:
    for url in ("ftp://127.0.0.1/x", "http://", "http://127.0.0.1:99999/"):
        answer = Wire().call("collect", "POST", url, document={})
        assert isinstance(answer, Silence)
        assert not answer.is_sent, url


def test_no_answer_in_time_may_have_been_executed() -> None:
    released = threading.Event()

    def hold(_connection: socket.socket) -> None:
        released.wait(5)

    with serving(hold) as url:
        answer = Wire().call("collect", "POST", url, document={}, read_timeout_s=0.2)
        released.set()
    assert answer == Silence(is_sent=True, error_kind="ReadTimeout")


@pytest.mark.parametrize(
    "answer",
    [
        lambda _connection: None,
        lambda connection: connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"),
        lambda connection: connection.sendall(b"nonsense\r\n\r\n"),
    ],
    ids=["closed", "reset", "half an answer", "no HTTP"],
)
def test_a_connection_that_ends_badly_may_have_been_executed(answer: Callable[[socket.socket], None]) -> None:
    with serving(answer) as url:
        outcome = Wire().call("collect", "POST", url, document={}, read_timeout_s=5)
    assert isinstance(outcome, Silence)
    assert outcome.is_sent


def test_an_endless_answer_is_cut() -> None:
    with serving(replying(b"x" * 5_000)) as url:
        outcome = Wire().call("collect", "POST", url, document={}, largest_answer_bytes=1_000)
    assert outcome == Silence(is_sent=True, error_kind="AnswerTooLargeError")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving(replying(b"", "302 Found\r\nLocation: http://127.0.0.1:1/")) as url:
        outcome = Wire().call("collect", "POST", url, document={})
    assert isinstance(outcome, Answered)
    assert outcome.status == 302


def test_what_is_kept_holds_no_secret_and_no_whole_number() -> None:
    wire = Wire(masked={PHONE[1:]: "22901****01", PHONE: "+22901****01"})
    wire.hide(TOKEN, PIN)
    body = {"message": "ok", "payer": {"partyId": PHONE[1:]}, "echo": f"{TOKEN} {PIN}", "access_token": "autre-jeton"}
    with serving(replying(json.dumps(body).encode())) as url:
        answer = wire.call(
            "collect",
            "POST",
            f"{url}/{TOKEN}",
            headers={"Authorization": f"Bearer {TOKEN}", "X-Reference-Id": "r1", "Ocp-Apim-Subscription-Key": "clef"},
            document={"pin": "9999", "otp": "123456", "amount": "5000", "encryptedPinCode": "abc", "msisdn": PHONE},
        )
    assert isinstance(answer, Answered)
    assert answer.document()["echo"] == f"{TOKEN} {PIN}"  # the adapter reads it as it came
    (kept,) = wire.exchanges
    whole = repr(kept)
    for secret in (TOKEN, PIN, "9999", "123456", "abc", "autre-jeton", "clef", "Bearer", PHONE, PHONE[1:]):
        assert secret not in whole, secret
    assert DOTS in kept.request
    assert "+22901****01" in kept.request
    assert "22901****01" in kept.response
    assert '"amount": "5000"' in kept.request
    assert "X-Reference-Id: r1" in kept.request
    assert kept.http_status == 200


def test_a_form_is_kept_without_its_secrets() -> None:
    wire = Wire()
    with serving(replying(b"{}")) as url:
        wire.call("token", "POST", url, form={"grant_type": "client_credentials", "client_secret": "tres-secret"})
    assert "tres-secret" not in repr(wire.exchanges)
    assert "grant_type=client_credentials" in wire.exchanges[0].request


def test_the_text_of_a_message_is_kept_only_where_asked() -> None:
    for keeps, is_there in ((True, True), (False, False)):
        wire = Wire(keeps_texts=keeps)
        with serving(replying(b"{}")) as url:
            wire.call("send", "POST", url, document={"message": "Votre code est 123", "to": "x"})
        assert ("Votre code" in wire.exchanges[0].request) is is_there


def test_a_long_body_is_kept_to_sixteen_kibibytes() -> None:
    wire = Wire()
    with serving(replying(b"y" * 40_000)) as url:
        wire.call("collect", "POST", url, content=b"x" * 40_000)
    assert len(wire.exchanges[0].request) == LARGEST_KEPT_BYTES
    assert len(wire.exchanges[0].response) == LARGEST_KEPT_BYTES


def test_bodies_that_are_no_text_are_kept_as_well_as_may_be() -> None:
    wire = Wire()
    with serving(replying(b"\xff\xfe\x00{")) as url:
        answer = wire.call("collect", "GET", url, query={"a": "é"})
    assert isinstance(answer, Answered)
    assert answer.json() is None
    assert answer.document() == {}
    assert "\0" not in wire.exchanges[0].response
    assert wire.exchanges[0].url.endswith("?a=%C3%A9")
