"""What an answer of the adapter says, whatever it is made of: no body makes this raise, and nothing is guessed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CODE = re.compile(r"[1-5][0-9]{3}", re.ASCII)
# As JSON, or as JavaScript prints an object inside a message: `errorCode: '3208'`.
_CODE_IN_TEXT = re.compile(r"errorCode[\"']?\s*:\s*[\"']?([1-5][0-9]{3})(?![0-9])", re.ASCII)
_FIRST_SUCCESS, _FIRST_REDIRECT = 200, 300


@dataclass(frozen=True, slots=True)
class Reading:
    """One HTTP answer, read. `transfer` is the adapter's record: the body of a success, `transferState` of an error.

    `is_object`: the body is a JSON object. `has_record`: an error came with the adapter's record of the transfer.
    """

    http_status: int
    is_object: bool
    body: Mapping[str, Any]
    transfer: Mapping[str, Any]
    has_record: bool

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return _FIRST_SUCCESS <= self.http_status < _FIRST_REDIRECT

    @property
    def transfer_id(self) -> str:
        """Return the id the answer is about; empty when it names none."""
        return text_of(self.transfer.get("transferId"))

    @property
    def current_state(self) -> str:
        """Return the adapter's own step, which says nothing about money."""
        return text_of(self.transfer.get("currentState"))

    @property
    def fulfil(self) -> Mapping[str, Any]:
        """Return what the payee's institution answered; empty when nothing."""
        return section(section(self.transfer.get("fulfil")).get("body"))

    @property
    def fulfil_state(self) -> str:
        """Return the switch's state of the transfer: the only word about money."""
        return text_of(self.fulfil.get("transferState"))

    @property
    def has_quote(self) -> bool:
        """Whether a quote was answered: from then on a prepare may have left."""
        return self.transfer.get("quoteResponse") is not None

    @property
    def quote(self) -> Mapping[str, Any]:
        """Return the quote; empty when there is none."""
        return section(section(self.transfer.get("quoteResponse")).get("body"))

    @property
    def message(self) -> str:
        """Return the adapter's sentence; empty when it says none."""
        return text_of(self.body.get("message"))

    @property
    def code(self) -> str | None:
        """Return the FSPIOP code, from the most exact place that has one."""
        error = section(section(self.transfer.get("lastError") or self.body.get("lastError")).get("mojaloopError"))
        stated = (
            section(error.get("errorInformation")).get("errorCode"),
            error.get("errorCode"),
            section(self.body.get("errorInformation")).get("errorCode"),
            self.body.get("statusCode"),
        )
        found = next((code for raw in stated if (code := _code(raw))), None)
        if found is None and (match := _CODE_IN_TEXT.search(self.message)):
            return match[1]
        return found


def read(http_status: int, body: bytes) -> Reading:
    """Read an answer; total on any status and any bytes."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    document = section(parsed)
    is_success = _FIRST_SUCCESS <= http_status < _FIRST_REDIRECT
    record = document.get("transferState")
    return Reading(
        http_status=http_status,
        is_object=isinstance(parsed, dict),
        body=document,
        transfer=document if is_success else section(record),
        has_record=not is_success and isinstance(record, dict),
    )


def section(raw: Any) -> Mapping[str, Any]:
    """Return an object of an answer; empty when it is anything else."""
    return raw if isinstance(raw, dict) else {}


def text_of(raw: Any) -> str:
    """Return a text of an answer, fit to be stored; empty when it is anything else."""
    return raw.encode("utf-8", "replace").decode("utf-8").replace("\0", "") if isinstance(raw, str) else ""


def _code(raw: Any) -> str | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return None
    text = text_of(raw).strip() if isinstance(raw, str) else _digits(raw)
    return text if _CODE.fullmatch(text) else None


def _digits(number: int) -> str:
    # A number too long to be written is no code either.
    return str(number) if 0 <= number < 10_000 else ""  # noqa: PLR2004
