"""Signatures and addresses: the same each time, and nobody else's."""

from uuid import UUID, uuid4

import pytest

from core import signing
from core.ids import new_id
from core.security import Keys

OLD, NEW = b"o" * 32, b"n" * 32


def keys(*sealing: bytes) -> Keys:
    return Keys({key[:4]: key for key in sealing}, {"1": b"p" * 32}, b"m" * 32)


def test_a_document_is_signed_the_same_whatever_the_order_of_its_keys() -> None:
    one = signing.sign({"b": 2, "a": {"é": "œ", "d": None}}, keys(OLD))
    other = signing.sign({"a": {"d": None, "é": "œ"}, "b": 2}, keys(OLD))
    assert one == other
    assert signing.canonical({"b": 2, "a": "é"}) == '{"a":"é","b":2}'.encode()


def test_a_signature_holds_for_its_document_and_its_keys_only() -> None:
    document = {"amount": 50_000}
    signature = signing.sign(document, keys(OLD)).as_document()
    assert signing.is_ours(document, signature, keys(OLD))
    assert signing.is_ours(document, signature, keys(NEW, OLD))
    assert not signing.is_ours(document, signature, keys(NEW))
    assert not signing.is_ours({"amount": 50_001}, signature, keys(OLD))


@pytest.mark.parametrize("value", ["", "é", "AA", "A" * 86, "=" * 86, None, 7])
def test_what_is_no_signature_is_not_ours(value: object) -> None:
    assert not signing.is_ours({}, {"value": value}, keys(OLD))
    assert not signing.is_ours({}, {}, keys(OLD))


def test_what_cannot_be_written_exactly_is_not_signed() -> None:
    with pytest.raises(ValueError, match="JSON"):
        signing.canonical({"amount": float("nan")})


def test_an_address_leads_back_to_one_thing_of_one_kind() -> None:
    subject = new_id()
    token = signing.make_token(subject, "receipt", keys(OLD))
    assert len(token) == signing.TOKEN_LENGTH
    assert token == signing.make_token(subject, "receipt", keys(OLD))
    assert signing.open_token(token, "receipt", keys(OLD)) == [subject]
    assert signing.open_token(token, "batch", keys(OLD)) != [subject]
    assert subject in signing.open_token(token, "receipt", keys(NEW, OLD))
    assert signing.open_token(token, "receipt", keys(NEW)) != [subject]


def test_neighbours_have_addresses_that_share_nothing() -> None:
    first = UUID(int=uuid4().int & ~0xFFFFFFFF)
    tokens = [signing.make_token(UUID(int=first.int + line), "receipt", keys(OLD)) for line in range(500)]
    assert len({token[:8] for token in tokens}) == 500
    assert len({token[-8:] for token in tokens}) == 500


@pytest.mark.parametrize(
    "token", ["", "A" * 21, "A" * 23, "é" * 22, "=" * 22, "A" * 21 + "B", "/" * 22, "A A" + "A" * 19]
)
def test_what_is_no_address_leads_nowhere(token: str) -> None:
    assert signing.open_token(token, "receipt", keys(OLD)) == []


def test_public_keys_name_the_one_in_use_first() -> None:
    named = list(signing.public_keys(keys(NEW, OLD)))
    assert named[0] == signing.sign({}, keys(NEW)).key_id
    assert named[1] == signing.sign({}, keys(OLD)).key_id
