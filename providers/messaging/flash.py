"""A screen that the network shows by itself (USSD notify): one page, nothing to answer, gone once it is read."""

from core.gsm7 import Limits, measure

SCREEN = Limits(gsm7=182, ucs2=80)  # 160 octets either way


def fits(text: str) -> bool:
    """Say whether a text stands on one screen; the network cuts the rest without a word."""
    measured = measure(text)
    return 0 < measured.size <= SCREEN.of(measured.coding)
