"""Secrets: what is hashed, keyed or sealed, and what no dump and no repr gives away."""

import base64
import hashlib
import hmac
from uuid import UUID

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr

from core import security
from core.security import (
    Keys,
    PinHash,
    UnreadableSecretError,
    digest_token,
    find_password_fault,
    hash_password,
    hash_pin,
    input_mac,
    is_pin,
    is_same,
    is_sealed_with_old_key,
    is_weak_pin,
    make_code,
    make_temporary_password,
    new_token,
    open_secret,
    seal_secret,
    verify_password,
    verify_pin,
)
from core.settings import Settings

USER = UUID("01890000-0000-7000-8000-000000000001")
OTHER = UUID("01890000-0000-7000-8000-000000000002")


def settings_of(sealing: str, peppers: str) -> Settings:
    return Settings.model_construct(
        secrets_key=SecretStr(sealing), pin_peppers=SecretStr(peppers), input_mac_key=SecretStr("k" * 48)
    )


def keys_of(*, sealing: tuple[bytes, ...] = (b"s" * 32,), peppers: dict[str, bytes] | None = None) -> Keys:
    named = peppers or {"1": b"p" * 32}
    return Keys.read(
        settings_of(
            ",".join(base64.b64encode(key).decode() for key in sealing),
            ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in named.items()),
        )
    )


KEYS = keys_of()


def test_a_password_is_kept_as_argon2id_of_19_mib_in_two_passes() -> None:
    stored = hash_password("Karité2026")
    parameters = extract_parameters(stored)
    assert (parameters.type.name, parameters.memory_cost, parameters.time_cost) == ("ID", 19 * 1024, 2)
    assert stored != hash_password("Karité2026")
    assert verify_password("Karité2026", stored) == security.Check(is_right=True, is_outdated=False)
    assert not verify_password("Karite2026", stored).is_right


def test_accents_typed_in_two_keystrokes_are_the_same_password() -> None:
    assert verify_password("Karite\u03012026", hash_password("Karit\u00e92026")).is_right


def test_an_old_cost_asks_for_a_new_hash_only_when_the_password_is_right() -> None:
    stored = Argon2Hasher(memory_cost=1024, time_cost=1, parallelism=1).hash("Karité2026")
    assert verify_password("Karité2026", stored).is_outdated
    assert verify_password("autre", stored) == security.Check(is_right=False)


def test_nobody_has_no_password_and_no_text_crashes_the_check() -> None:
    assert verify_password("Karité2026", None) == security.Check(is_right=False)
    for absurd in ("", "\ud800", "x" * 100_000, "\x00"):
        assert not verify_password(absurd, None).is_right
    assert not verify_password("Karité2026", "not a hash").is_right


@pytest.mark.parametrize(
    ("password", "has_role", "fault"),
    [
        ("Abcdef12", False, None),
        ("Abcdef1", False, "Au moins 8 caractères."),
        ("abcdefg1", False, "Il faut une majuscule, une minuscule et un chiffre."),
        ("ABCDEFG1", False, "Il faut une majuscule, une minuscule et un chiffre."),
        ("Abcdefgh", False, "Il faut une majuscule, une minuscule et un chiffre."),
        ("Aa1" * 43, False, "Au plus 128 caractères."),
        ("Abcdef12", True, "Au moins 10 caractères."),
        ("Karité2026", True, None),
        ("Qwertyuiop1", True, None),
        ("un long chemin de terre", True, None),
        ("1qaz2wsx3Edc", True, "Ce mot de passe est trop courant."),
        ("1qaz2wsx3Edc", False, None),
        ("Awa.Diop-2026", True, "Le mot de passe ne doit pas contenir votre adresse."),
        ("Awa.Diop-2026", False, None),
    ],
)
def test_a_new_password_is_told_what_it_lacks(password: str, *, has_role: bool, fault: str | None) -> None:
    assert find_password_fault(password, has_role=has_role, email="awa.diop@example.org") == fault


def test_the_commonest_passwords_are_ten_thousand() -> None:
    assert len(security._common_passwords()) == 10_000
    assert "123456" in security._common_passwords()


def test_a_short_local_part_does_not_forbid_every_password() -> None:
    assert find_password_fault("Karité2026", has_role=True, email="a@example.org") is None


def test_a_temporary_password_is_unambiguous_and_good_enough_for_a_role() -> None:
    made = {make_temporary_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 12
        assert not set(password) & set("0Oo1Iil")
        assert find_password_fault(password, has_role=True) is None
        assert find_password_fault(password, has_role=False) is None


def test_a_pin_is_kept_as_argon2id_of_a_peppered_mac() -> None:
    stored = hash_pin(USER, "58024", KEYS)
    parameters = extract_parameters(stored.hash)
    assert (parameters.type.name, parameters.memory_cost, stored.pepper_id) == ("ID", 8 * 1024, "1")
    peppered = hmac.digest(b"p" * 32, USER.bytes + b"58024", "sha256")
    assert security._pin_hasher.verify(peppered, stored.hash)
    assert verify_pin(USER, "58024", stored, KEYS) == security.Check(is_right=True)
    assert not verify_pin(USER, "58025", stored, KEYS).is_right
    assert not verify_pin(OTHER, "58024", stored, KEYS).is_right
    assert not verify_pin(USER, "\ud800", stored, KEYS).is_right


def test_a_new_pepper_opens_the_old_ones_and_asks_for_a_new_hash() -> None:
    stored = hash_pin(USER, "58024", KEYS)
    both = keys_of(peppers={"2": b"q" * 32, "1": b"p" * 32})
    assert verify_pin(USER, "58024", stored, both) == security.Check(is_right=True, is_outdated=True)
    assert hash_pin(USER, "58024", both).pepper_id == "2"
    only_new = keys_of(peppers={"2": b"q" * 32})
    assert not verify_pin(USER, "58024", stored, only_new).is_right


def test_an_old_cost_of_a_pin_asks_for_a_new_hash() -> None:
    cheap = Argon2Hasher(memory_cost=1024, time_cost=1, parallelism=1)
    stored = PinHash(cheap.hash(security._peppered(b"p" * 32, USER, "58024")), "1")
    assert verify_pin(USER, "58024", stored, KEYS).is_outdated


@pytest.mark.parametrize(
    "pin",
    [
        *("00000", "11111", "1111", "12345", "54321", "01234", "98765", "67890", "90123", "1212", "12121", "123123"),
        *("121212", "00002", "7002", "1940", "1987", "2015"),
    ],
)
def test_a_pin_a_thief_tries_first_is_weak(pin: str) -> None:
    assert is_weak_pin(pin, "677000002" if pin != "7002" else "677007002")


@pytest.mark.parametrize("pin", ["58024", "39571", "1939", "2016", "13579", "12312", "1122", "19870", "00001", "77000"])
def test_any_other_pin_is_not_weak(pin: str) -> None:
    assert not is_weak_pin(pin, "677000002")


def test_a_pin_is_so_many_ascii_digits() -> None:
    assert is_pin("01234", 5)
    for text in ("1234", "123456", "1234a", "١٢٣٤٥", "12 45", "", "-1234", "²3456"):
        assert not is_pin(text, 5)


def test_a_mac_is_keyed_and_sixteen_octets_long() -> None:
    message = b"\x00\x00\x00\x02gw\x00\x00\x00\x011"
    assert input_mac("gw", "1", keys=KEYS) == hmac.new(b"k" * 48, message, hashlib.sha256).digest()[:16]
    assert input_mac("gw", b"1", keys=KEYS) == input_mac("gw", "1", keys=KEYS)
    assert input_mac("é\ud800", keys=KEYS)


@given(st.lists(st.text(max_size=6), max_size=5), st.lists(st.text(max_size=6), max_size=5))
def test_two_lists_of_parts_never_share_a_mac(left: list[str], right: list[str]) -> None:
    assert (input_mac(*left, keys=KEYS) == input_mac(*right, keys=KEYS)) == (left == right)


def test_a_token_is_256_bits_and_stored_as_its_digest() -> None:
    token = new_token()
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert token != new_token()
    assert digest_token(token) == hashlib.sha256(token.encode()).digest()
    assert len(digest_token("\ud800")) == 32


def test_secrets_are_compared_whole_whatever_their_type() -> None:
    assert is_same("clé", "clé")
    assert is_same(b"abc", "abc")
    assert not is_same("clé", "cle")
    assert not is_same("", "a")
    assert not is_same("\ud800", "a")


def test_a_code_keeps_its_leading_zeros() -> None:
    codes = [make_code() for _ in range(300)]
    assert all(is_pin(code, 6) for code in codes)
    assert len(set(codes)) > 250
    assert is_pin(make_code(8), 8)


def test_a_sealed_secret_opens_in_its_own_row_only() -> None:
    sealed = seal_secret("clé d'API", "provider_account:1:api_key", KEYS)
    assert b"API" not in sealed
    assert open_secret(sealed, "provider_account:1:api_key", KEYS) == "clé d'API"
    assert sealed != seal_secret("clé d'API", "provider_account:1:api_key", KEYS)
    with pytest.raises(UnreadableSecretError):
        open_secret(sealed, "provider_account:2:api_key", KEYS)


@given(st.data())
def test_a_sealed_secret_with_any_octet_changed_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(seal_secret("secret", "row", KEYS))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(UnreadableSecretError):
        open_secret(bytes(sealed), "row", KEYS)


@pytest.mark.parametrize("length", [0, 3, 4, 16, 20])
def test_a_cut_secret_does_not_open(length: int) -> None:
    with pytest.raises(UnreadableSecretError):
        open_secret(seal_secret("secret", "row", KEYS)[:length], "row", KEYS)


def test_two_keys_are_accepted_while_they_rotate() -> None:
    old, new = b"o" * 32, b"n" * 32
    sealed = seal_secret("secret", "row", keys_of(sealing=(old,)))
    both = keys_of(sealing=(new, old))
    assert open_secret(sealed, "row", both) == "secret"
    assert is_sealed_with_old_key(sealed, both)
    assert not is_sealed_with_old_key(seal_secret("secret", "row", both), both)
    with pytest.raises(UnreadableSecretError):
        open_secret(sealed, "row", keys_of(sealing=(new,)))


def test_no_key_stands_in_a_repr() -> None:
    assert repr(KEYS) == "Keys(peppers=['1'])"


@pytest.mark.parametrize(
    ("sealing", "peppers"),
    [
        ("too short", f"1:{base64.b64encode(b'p' * 32).decode()}"),
        (base64.b64encode(b"x" * 31).decode(), f"1:{base64.b64encode(b'p' * 32).decode()}"),
        (base64.b64encode(b"s" * 32).decode(), base64.b64encode(b"p" * 32).decode()),
        (base64.b64encode(b"s" * 32).decode(), "1:"),
    ],
)
def test_a_malformed_key_stops_the_process_and_is_not_repeated(sealing: str, peppers: str) -> None:
    with pytest.raises(ValueError, match="attend 32 octets en base64") as error:
        Keys.read(settings_of(sealing, peppers))
    assert sealing not in str(error.value)
    assert peppers not in str(error.value)


def test_the_process_has_keys_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    named = f"7:{base64.b64encode(b'p' * 32).decode()}"
    settings = settings_of(base64.b64encode(b"s" * 32).decode(), named)
    monkeypatch.setattr(security, "get_settings", lambda: settings)
    security.get_keys.cache_clear()
    try:
        assert open_secret(seal_secret("secret", "row"), "row") == "secret"
        assert hash_pin(USER, "58024").pepper_id == "7"
        assert input_mac("gw", "1") == input_mac("gw", "1", keys=KEYS)
    finally:
        security.get_keys.cache_clear()
