"""GSM 03.38 by the standard's own table, apart from `core.gsm7`: what Kannel's octets mean."""

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip  # one table, as the standard prints it
ESCAPE = 0x1B
_OCTETS = {mark: bytes([code]) for code, mark in enumerate(BASIC) if code != ESCAPE} | {
    mark: bytes([ESCAPE, code]) for code, mark in EXTENSION.items()
}


def encode(text: str) -> bytes:
    """Return one octet a septet; `KeyError` for a character outside the alphabet."""
    return b"".join(_OCTETS[mark] for mark in text)


def decode(octets: bytes) -> str:
    """Return the text of unpacked septets."""
    marks = iter(octets)
    return "".join(EXTENSION[next(marks)] if code == ESCAPE else BASIC[code] for code in marks)
