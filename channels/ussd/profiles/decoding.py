"""From a request's fields to a turn, as the profile says; every field at fault is named, no value is repeated."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from channels.ussd.profiles.model import KINDS, Profile, Rule, path_fields
from channels.ussd.profiles.transports import CARRIERS
from channels.ussd.profiles.wire import GatewayTurn, TooLong, UnreadableNumber, WireRequest, WrongPath, WrongType
from core import clock
from core.errors import InvalidInput
from core.orders import is_storable
from core.phone import PhoneRefusal, normalise

LONGEST_KEY = 100
LONGEST_TRANSCRIPT = 2_000
MOST_STARS = 100
LANGUAGE_LENGTH = 2
_DIALLED = re.compile(r"[*#][0-9*#]+")

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """What of an account matters to the reading of its requests: where its callers live, which codes are its own."""

    country: str
    codes: Sequence[str] = ()


def read_fields(profile: Profile, request: WireRequest) -> dict[str, Any]:
    """Read a request's fields; what the profile drops is gone before anything else sees it."""
    below = path_fields(profile.path_names, request.path)
    if below is None:
        raise WrongPath
    names = [name for name in (profile.transport, profile.or_transport) if name is not None]
    carriers = [CARRIERS[name] for name in names]
    chosen = [one for one in carriers if not one.media_types or request.media_type in one.media_types]
    if not chosen:
        raise WrongType
    return {**chosen[0].read(request), **below}


def decode_fields(profile: Profile, raw: dict[str, Any], place: Place, received_at: datetime) -> GatewayTurn:
    """Read a turn; `InvalidInput` names every field at fault, `UnreadableNumber` and `TooLong` are answered in END."""
    kind = _kind(profile, raw)
    if kind == "event":
        for name in profile.dropped:
            raw.pop(name, None)
    _check(profile, raw)
    fields = profile.fields
    caller = _text(raw, fields.msisdn).strip()
    anonymous = dialled_code(caller)
    phone = None if anonymous else _phone(caller, place.country)
    given = _given(raw, fields.input)
    if len(given) > LONGEST_TRANSCRIPT or given.count("*") > MOST_STARS:
        raise TooLong
    message = given if profile.is_cumulative else given.strip()
    code = _text(raw, fields.code).strip() or None
    is_typed = profile.begin == "code_typed" and _is_own_code(message, place.codes)
    dialled = message if is_typed else dialled_code(message) or anonymous
    kind = "begin" if is_typed else kind
    if profile.input_mode == "dialled_then_last" and kind == "begin":
        dialled = dialled or code
        message = message if message == dialled else ""
    has_own_key = bool(fields.session) and bool(_text(raw, fields.session))
    is_keyless = profile.keyless and not has_own_key
    event_time = _instant(_text(raw, fields.time))
    return GatewayTurn(
        session_key=_session_key(profile, raw, phone, code) if has_own_key or profile.session_key else phone or caller,
        phone=phone,
        code=code,
        dialled=None if profile.is_cumulative and not anonymous else dialled,
        transcript=message if profile.is_cumulative else None,
        message=message,
        network=_text(raw, fields.network),
        received_at=received_at,
        kind=kind,
        tail=_text(raw, fields.tail) if kind == "begin" else "",
        identity=None if is_keyless else _identity(profile, raw, kind),
        again=_again(profile, raw, phone),
        language=_text(raw, fields.language).lower()[:LANGUAGE_LENGTH],
        event_time=event_time,
        is_stale=_is_stale(profile, event_time, received_at),
        event=_event(profile, raw) if kind == "event" else {},
        raw=raw,
        reuse="new" if is_keyless else profile.session_reuse,
        is_code_typed=is_typed,
    )


def outline(profile: Profile, raw: Raw) -> GatewayTurn:
    """Return as much of a turn as an answer repeats: its session and its fields."""
    key = _text(raw, profile.fields.session)
    return GatewayTurn(key, None, None, None, None, "", "", clock.now(), kind=_kind(profile, raw), raw=raw)


def dialled_code(text: str) -> str | None:
    """Return `text` when it is a dialled code, such as `*155#` or `#237*100#`."""
    return text if _DIALLED.fullmatch(text) else None


def bare_code(code: str) -> str:
    """Return a code without its stars and hash: `*155#` and `#155#` are one."""
    return code.strip("*#")


def route_of(dialled: str, codes: Sequence[str]) -> tuple[str | None, str]:
    """Return the longest of `codes` that a dialled string begins with, and what was dialled behind it."""
    bare = bare_code(dialled)
    for code in sorted(codes, key=len, reverse=True):
        own = bare_code(code)
        if bare == own or bare.startswith(f"{own}*"):
            return code, bare[len(own) + 1 :]
    return None, ""


def _kind(profile: Profile, raw: Raw) -> str | None:
    for kind in KINDS:
        if any(rule.holds(raw) for rule in profile.notices.get(kind, ())):  # type: ignore[call-overload]
            return kind
    if isinstance(profile.begin, Rule):
        return "begin" if profile.begin.holds(raw) else "continue"
    return None


def _check(profile: Profile, raw: Raw) -> None:
    """Refuse a request whose obligatory fields are missing, or whose fields are not what they must be."""
    fields = profile.fields
    problems: dict[str, str] = {}
    # Where the number may be the key, one of its own need not come; one that comes is a key all the same.
    for names in (fields.msisdn, fields.session if not profile.keyless or _is_given(raw, fields.session) else ()):
        if names:
            name = next((one for one in names if one in raw), names[0])
            problems |= _problem_of_key(name, raw.get(name))
    named = (fields.code, fields.tail, fields.network, fields.language, fields.time)
    others = (*(name for names in named for name in names), *profile.session_key, *_turn(profile))
    problems |= {name: "texte attendu" for name in fields.input if not _is_text(raw.get(name))}
    problems |= {name: "texte attendu" for name in others if not (_is_text(raw.get(name)) or _is_number(raw.get(name)))}
    if problems:
        raise InvalidInput(problems)


def _problem_of_key(name: str, value: Any) -> dict[str, str]:
    if _is_number(value) and name.startswith("path."):
        return {}
    if not isinstance(value, str) or not value.strip():
        return {name: "champ obligatoire"}
    if len(value) > LONGEST_KEY:
        return {name: f"{LONGEST_KEY} caractères au plus"}
    return {} if is_storable(value) else {name: "caractère interdit"}


def _is_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and is_storable(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_given(raw: Raw, names: Sequence[str]) -> bool:
    """Say whether a request says anything under one of these names."""
    return any(raw.get(name) is not None and raw[name] != "" for name in names)


def _turn(profile: Profile) -> tuple[str, ...]:
    return (profile.identity.turn,) if profile.identity.turn else ()


def _given(raw: Raw, names: Sequence[str]) -> str:
    return next((value for name in names if isinstance(value := raw.get(name), str) and value), "")


def _text(raw: Raw, names: Sequence[str]) -> str:
    """Return the first value there is, as text."""
    return next((str(raw[name]) for name in names if _is_given(raw, (name,))), "")


def _phone(caller: str, country: str) -> str:
    try:
        return normalise(caller, country).e164
    except PhoneRefusal as refusal:
        raise UnreadableNumber from refusal


def _is_own_code(message: str, codes: Sequence[str]) -> bool:
    return bool(message) and any(
        message == (own := bare_code(code)) or message.startswith(f"{own}*") or message == code for code in codes
    )


def _session_key(profile: Profile, raw: Raw, phone: str | None, code: str | None) -> str:
    if not profile.session_key:
        return _text(raw, profile.fields.session)
    known = {"phone": phone, "code": code}
    return ">".join(str(known.get(name) or raw.get(name, "")) for name in profile.session_key)


def _identity(profile: Profile, raw: Raw, kind: str | None) -> tuple[Any, ...] | None:
    """Return what numbers the turn: a value of the gateway's own, or being a begin or a notice."""
    rule = profile.identity
    if rule.turn is not None:
        value = raw.get(rule.turn, rule.default)
        if value not in {None, ""}:
            return (value,)
    return (kind,) if kind is not None and kind != "continue" else None


def _again(profile: Profile, raw: Raw, phone: str | None) -> tuple[Any, ...] | None:
    names = profile.identity.again
    return tuple(phone if name == "phone" else raw.get(name) for name in names) if names else None


def _instant(text: str) -> datetime | None:
    if re.fullmatch("[0-9]{9,11}", text):
        return datetime.fromtimestamp(int(text), UTC)
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def _is_stale(profile: Profile, event_time: datetime | None, received_at: datetime) -> bool:
    if not profile.has_stale or event_time is None:
        return False
    return (received_at - event_time).total_seconds() >= profile.limits.total_s


def _event(profile: Profile, raw: Raw) -> dict[str, Any]:
    """Return the figures of a gateway's own report; what is empty is left out."""
    figures: dict[str, Any] = {}
    for name, source in profile.event.items():
        value = str(raw.get(source, "")).strip()
        if not value or not is_storable(value):
            continue
        if name in {"duration_ms", "hops"}:
            if re.fullmatch("[0-9]{1,9}", value):
                figures[name] = int(value)
        else:
            figures[name] = value.split("|") if name == "metadata" else value[:200]
    return figures
