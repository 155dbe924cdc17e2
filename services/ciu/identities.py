"""Who writes: a telephone number, or a user id where WhatsApp hides the number."""

import re
from dataclasses import dataclass

PREFIX = "whatsapp:"
OLD_DIGITS = 8

_PHONE = re.compile(r"[+ ]?([0-9]{8,15})")
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]+")
_BENIN, _IVORY_COAST = "229", "225"


@dataclass(frozen=True, slots=True)
class Identity:
    """`kind` is `phone` or `user_id`; answers leave to `send_to`, the address that was received."""

    kind: str
    value: str
    send_to: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @property
    def old_ivorian_digits(self) -> str:
        """The eight digits of an Ivorian number of the old plan, else nothing.

        Such a number is the one known identity that ends with them, if there is exactly one.
        """
        is_old = self.kind == "phone" and self.value.startswith(f"+{_IVORY_COAST}")
        digits = self.value[1 + len(_IVORY_COAST) :] if is_old else ""
        return digits if len(digits) == OLD_DIGITS else ""


def read_identity(address: str) -> Identity | None:
    """Read the sender of a message, as Twilio (`whatsapp:+243…`) or Meta (`243…`) writes it; None when it is none.

    A plus that form decoding turned into a space is still a plus. A Beninese number of the old plan is the same person
    as the new one, and is answered where it wrote from.
    """
    prefix = PREFIX if address.startswith(PREFIX) else ""
    bare = address.removeprefix(PREFIX).strip()
    if _USER_ID.fullmatch(bare):
        return Identity("user_id", bare, prefix + bare)
    found = _PHONE.fullmatch(bare)
    if found is None:
        return None
    digits = found[1]
    send_to = f"{PREFIX}+{digits}" if prefix else bare
    if digits.startswith(_BENIN) and len(digits) == len(_BENIN) + OLD_DIGITS:
        digits = f"{_BENIN}01{digits[len(_BENIN) :]}"
    return Identity("phone", f"+{digits}", send_to)
