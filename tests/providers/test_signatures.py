"""Signatures: every vector, every accepted one refused after any change, nothing malformed ever raises."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import assume, given
from hypothesis import strategies as st

from providers import signatures
from providers.signatures import HmacScheme, KeyScheme, Message, MessageScheme

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "provider_signatures.json").read_text(encoding="utf-8")
)["vectors"]
ACCEPTED = [vector for vector in VECTORS if vector["expect"]]
BY_HMAC = [vector for vector in ACCEPTED if isinstance(signatures.SCHEMES[vector["scheme"]], HmacScheme)]
BY_KEY = [vector for vector in ACCEPTED if isinstance(signatures.SCHEMES[vector["scheme"]], KeyScheme)]
BY_MESSAGE = [vector for vector in ACCEPTED if isinstance(signatures.SCHEMES[vector["scheme"]], MessageScheme)]
NOW = 1_764_200_000.0
SECRET = "a-secret-of-the-account"  # of this test alone
HMAC_SCHEMES = [scheme for scheme in signatures.SCHEMES.values() if isinstance(scheme, HmacScheme)]
TIMED = [scheme for scheme in HMAC_SCHEMES if scheme.separator is not None]


def _key_pair() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


PRIVATE, PUBLIC = _key_pair()


def _message(vector: Mapping[str, Any]) -> Message:
    return Message(
        vector["method"], vector["authority"], vector["path"], vector["headers"], vector["body"].encode("utf-8")
    )


def _is_authentic(vector: Mapping[str, Any], body: bytes | None = None) -> bool:
    scheme = signatures.SCHEMES[vector["scheme"]]
    octets = vector["body"].encode("utf-8") if body is None else body
    match scheme:
        case HmacScheme():
            return signatures.verify_hmac(scheme, vector["secrets"], vector["headers"], octets, vector.get("now", NOW))
        case KeyScheme():
            return signatures.verify_key(scheme, vector["secrets"], vector["headers"])
        case MessageScheme():
            message = Message(vector["method"], vector["authority"], vector["path"], vector["headers"], octets)
            return signatures.verify_message(message, vector["keys"], vector["now"], scheme)


def _changed(octets: bytes, draw: st.DataObject) -> bytes:
    """Change, drop or add one byte."""
    place = draw.draw(st.integers(0, len(octets) - 1), label="place")
    byte = bytes([draw.draw(st.integers(0, 255), label="byte")])
    how = draw.draw(st.sampled_from(["replace", "insert", "drop"]), label="how")
    match how:
        case "replace":
            other = octets[:place] + byte + octets[place + 1 :]
        case "insert":
            other = octets[:place] + byte + octets[place:]
        case _:
            other = octets[:place] + octets[place + 1 :]
    assume(other != octets)
    return other


def _changed_text(text: str, draw: st.DataObject) -> str:
    return _changed(text.encode("utf-8"), draw).decode("utf-8", "replace")


def test_there_are_forty_three_vectors_of_seven_schemes() -> None:
    assert len(VECTORS) == 43
    assert {vector["scheme"] for vector in VECTORS} == set(signatures.SCHEMES)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_a_signature_is_believed_as_its_vector_says(vector: dict[str, Any]) -> None:
    assert _is_authentic(vector) is vector["expect"], vector["why"]


def test_the_signature_base_is_that_of_the_vector() -> None:
    vector = next(vector for vector in VECTORS if "signature_base" in vector)
    read = signatures.read_input(vector["headers"])
    assert read is not None
    assert read.key_id == "HTTP_EC_P256_KEY:1"
    assert read.base(_message(vector)) == vector["signature_base"].encode()


# What was accepted is refused after any change of one byte.


@pytest.mark.parametrize("vector", BY_HMAC + BY_MESSAGE, ids=lambda vector: vector["id"])
@given(draw=st.data())
def test_no_other_body_is_believed(vector: dict[str, Any], draw: st.DataObject) -> None:
    assert not _is_authentic(vector, _changed(vector["body"].encode("utf-8"), draw))


@pytest.mark.parametrize("vector", [v for v in BY_HMAC if "now" in v], ids=lambda vector: vector["id"])
@given(draw=st.data())
def test_no_other_timestamp_is_believed(vector: dict[str, Any], draw: st.DataObject) -> None:
    name, header = next((n, h) for n, h in vector["headers"].items() if "signature" in n.lower())
    time, _, rest = header.removeprefix("t=").partition(",")
    other = _changed_text(time, draw)
    changed = {**vector, "headers": {name: f"t={other},{rest}"}, "now": int(time)}
    assert not _is_authentic(changed)


@pytest.mark.parametrize("vector", BY_HMAC + BY_KEY, ids=lambda vector: vector["id"])
@given(draw=st.data())
def test_no_other_secret_opens(vector: dict[str, Any], draw: st.DataObject) -> None:
    assert not _is_authentic({**vector, "secrets": [_changed_text(secret, draw) for secret in vector["secrets"]]})


@pytest.mark.parametrize("vector", BY_MESSAGE, ids=lambda vector: vector["id"])
@pytest.mark.parametrize("part", ["method", "authority", "path", "Content-Type", "Content-Digest", "Signature-Date"])
@given(draw=st.data())
def test_no_other_component_is_believed(vector: dict[str, Any], part: str, draw: st.DataObject) -> None:
    where = vector["headers"] if part in vector["headers"] else vector
    other = _changed_text(where[part], draw)
    # Blanks around a header's value and the case of a host are no part of it (RFC 9421, 2.1 and 2.2.3).
    assume(other.strip(" \t") != where[part])
    assume(part != "authority" or other.lower() != where[part])
    changed = (
        {**vector, "headers": {**vector["headers"], part: other}} if where is not vector else {**vector, part: other}
    )
    assert not _is_authentic(changed)


@pytest.mark.parametrize("vector", BY_MESSAGE, ids=lambda vector: vector["id"])
@given(draw=st.data())
def test_no_other_parameters_are_believed(vector: dict[str, Any], draw: st.DataObject) -> None:
    other = _changed_text(vector["headers"]["Signature-Input"], draw)
    assume(other.strip(" \t,") != vector["headers"]["Signature-Input"])
    changed = {**vector, "headers": {**vector["headers"], "Signature-Input": other}}
    assert not _is_authentic(changed)


@pytest.mark.parametrize("vector", BY_HMAC, ids=lambda vector: vector["id"])
@given(draw=st.data())
def test_a_digest_of_which_one_sign_changed_is_refused(vector: dict[str, Any], draw: st.DataObject) -> None:
    name, header = next((n, h) for n, h in vector["headers"].items() if "signature" in n.lower())
    right = header.rpartition("=")[2]
    other = _changed_text(right, draw)
    assume(other.rstrip(" ,") != right)
    assume("," not in other)
    changed = {**vector, "headers": {name: header.replace(right, other)}}
    assert not _is_authentic(changed)


# Nothing from outside raises.


@given(
    header=st.text(max_size=300) | st.from_regex(r"t=\d{1,14},(v1|s|s1)=[0-9a-fé]{62,66}", fullmatch=True),
    body=st.binary(max_size=50),
    scheme=st.sampled_from(HMAC_SCHEMES),
)
def test_whatever_stands_in_the_header_no_hmac_raises(header: str, body: bytes, scheme: HmacScheme) -> None:
    assert not signatures.verify_hmac(scheme, [SECRET], {scheme.header: header}, body, NOW)


@given(
    headers=st.dictionaries(
        st.sampled_from(["signature", "signature-input", "content-digest", "content-type", "authorization"]),
        st.text(max_size=120) | st.from_regex(r"sig-pp=\(.*\)(;[a-z]+=\d+)*", fullmatch=True),
    ),
    keys=st.dictionaries(st.text(max_size=5), st.text(max_size=40), max_size=2),
)
def test_whatever_stands_in_the_headers_no_message_raises(headers: dict[str, str], keys: dict[str, str]) -> None:
    assert not signatures.verify_message(Message("POST", "hôte", "/é", headers, b""), keys, NOW)
    assert not signatures.verify_key(signatures.WAVE_BEARER, [SECRET], headers)


# Signing and verifying are two halves of one thing.


@pytest.mark.parametrize("scheme", HMAC_SCHEMES, ids=lambda scheme: scheme.header)
def test_two_secrets_live_during_a_rotation(scheme: HmacScheme) -> None:
    headers = signatures.sign_hmac(scheme, ["new", "old"], b"{}", NOW)
    for ours in (["new"], ["old"], ["other", "old"]):
        assert signatures.verify_hmac(scheme, ours, headers, b"{}", NOW)
    for ours in ([], [""], ["other"]):
        assert not signatures.verify_hmac(scheme, ours, headers, b"{}", NOW)


@pytest.mark.parametrize("scheme", TIMED, ids=lambda scheme: scheme.header)
@pytest.mark.parametrize(("age_s", "is_believed"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_the_window_is_five_minutes_both_ways(scheme: HmacScheme, age_s: int, *, is_believed: bool) -> None:
    headers = signatures.sign_hmac(scheme, [SECRET], b"{}", NOW)
    assert signatures.verify_hmac(scheme, [SECRET], headers, b"{}", NOW + age_s) is is_believed


def test_no_scheme_accepts_the_separator_of_another() -> None:
    for scheme in TIMED:
        for other in TIMED:
            relabelled = HmacScheme(scheme.header, scheme.labels, other.separator, scheme.window_s)
            headers = signatures.sign_hmac(relabelled, [SECRET], b"{}", NOW)
            assert signatures.verify_hmac(scheme, [SECRET], headers, b"{}", NOW) is (scheme is other)


def test_a_header_that_is_there_twice_is_refused() -> None:
    headers = signatures.sign_hmac(signatures.WAVE, [SECRET], b"{}", NOW)
    twice = {**headers, "Wave-Signature": headers["wave-signature"]}
    assert not signatures.verify_hmac(signatures.WAVE, [SECRET], twice, b"{}", NOW)
    many = headers["wave-signature"] + (",v1=" + "1" * 64) * signatures.MOST_DIGESTS
    assert not signatures.verify_hmac(signatures.WAVE, [SECRET], {"wave-signature": many}, b"{}", NOW)


def _signed(**changes: Any) -> Message:
    plain = Message("POST", "palabre.example", "/callback", {"Content-Type": "application/json"}, b'{"a":1}')
    headers = signatures.sign_message(plain, PRIVATE, "OURS:1", NOW, **changes)
    return Message(plain.method, plain.authority, plain.path, headers, plain.body)


@pytest.mark.parametrize("is_raw", [True, False])
def test_what_we_sign_is_believed_in_both_forms(*, is_raw: bool) -> None:
    assert signatures.verify_message(_signed(is_raw=is_raw), {"OURS:1": PUBLIC}, NOW)
    assert not signatures.verify_message(_signed(is_raw=is_raw), {"OURS:1": _key_pair()[1]}, NOW)
    assert not signatures.verify_message(_signed(is_raw=is_raw), {}, NOW)


@pytest.mark.parametrize(("at_s", "is_believed"), [(-301, False), (-300, True), (360, True), (361, False)])
def test_a_message_lives_from_before_its_creation_to_after_its_end(at_s: int, *, is_believed: bool) -> None:
    assert signatures.verify_message(_signed(), {"OURS:1": PUBLIC}, NOW + at_s) is is_believed


@pytest.mark.parametrize("missing", sorted(signatures.PAWAPAY.required))
def test_a_signature_that_leaves_out_what_matters_is_refused(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(name for name in signatures.COMPONENTS if name != missing)
    monkeypatch.setattr(signatures, "COMPONENTS", kept)
    assert not signatures.verify_message(_signed(), {"OURS:1": PUBLIC}, NOW)


def test_a_key_of_another_curve_or_no_key_never_verifies() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for key in (pem, "", "not a key", PRIVATE):
        assert not signatures.verify_message(_signed(), {"OURS:1": key}, NOW)
    with pytest.raises(ValueError, match="PEM"):
        signatures.sign_message(_signed(), "not a key", "OURS:1", NOW)
