"""What a look-up answers: found only with an institution's name; «not found» is said in two ways."""

from typing import Any

from providers.answers import Reason
from providers.mojaloop.codes import CODES, PARTY_NOT_FOUND
from providers.mojaloop.contract import Found, NotFound, Unknown
from providers.mojaloop.reading import Reading, read, section, text_of

_NAME_PARTS = ("firstName", "middleName", "lastName")


def read_party(http_status: int, body: bytes, value: str, currency: str) -> Found | NotFound | Unknown:
    """Return what the switch says of the payee asked about as `value`; pure, total on any bytes."""
    said = read(http_status, body)
    if not said.is_success:
        code = said.code or ""
        meaning = CODES.get(code)
        if meaning is not None and meaning.reason is Reason.PAYEE_NOT_FOUND:
            return NotFound(code)
        return Unknown(is_sent=True, detail=f"http {http_status}", code=code, is_slow=_is_slow(said))
    party = said.body.get("party")
    if not isinstance(party, dict) or not isinstance(party.get("body"), dict):
        return Unknown(is_sent=True, detail="no party in the answer")
    return _of_party(party["body"], value, currency)


def names_of(person: Any) -> tuple[str, ...]:
    """Return the names an answer gives: the complete one first, then the one the institution shows."""
    parts = section(section(section(person).get("personalInfo")).get("complexName"))
    complete = " ".join(part for name in _NAME_PARTS if (part := text_of(parts.get(name)).strip()))
    shown = text_of(section(person).get("name")).strip()
    return tuple(dict.fromkeys(name for name in (complete, shown) if name))


def _of_party(person: dict[str, Any], value: str, currency: str) -> Found | NotFound | Unknown:
    info = section(person.get("partyIdInfo"))
    fsp_id = text_of(info.get("fspId"))
    if not fsp_id:
        return NotFound(PARTY_NOT_FOUND)
    answered = text_of(info.get("partyIdentifier"))
    if answered and answered != value:
        # A payment to this payee would fail at the adapter, which wants him back identical.
        return Unknown(is_sent=True, detail="another identifier came back", reason=Reason.MISMATCH_PARTY)
    raw = person.get("supportedCurrencies")
    currencies = tuple(one for one in raw if isinstance(one, str)) if isinstance(raw, list) else ()
    hold = Reason.CURRENCY_NOT_SUPPORTED if currencies and currency not in currencies else None
    return Found(fsp_id, names_of(person), currencies, value, hold)


def _is_slow(said: Reading) -> bool:
    code = said.code or ""
    return said.http_status in {429, 504} or code[:1] in {"1", "2"} or "timeout" in said.message.lower()
