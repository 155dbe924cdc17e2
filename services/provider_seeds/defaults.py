"""Which adapter serves a method in a country, as shipped; the table itself is rows, edited in the console."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from services.routes import Way

_COLLECT: Way = "collect"
_PAYOUT: Way = "payout"
_SEND: Way = "send"


class Cell(NamedTuple):
    """One cell of the table of routes; no country serves every country."""

    method: str
    country: str
    direction: Way


class Choice(NamedTuple):
    """An adapter in order of preference, with its own code of the network."""

    adapter: str
    party_code: str = ""


_NETWORKS = {
    ("orange_money", "BF"): "ORANGE_BFA",
    ("orange_money", "CI"): "ORANGE_CIV",
    ("orange_money", "CM"): "ORANGE_CMR",
    ("orange_money", "CD"): "ORANGE_COD",
    ("orange_money", "SN"): "ORANGE_SEN",
    ("mtn_momo", "BJ"): "MTN_MOMO_BEN",
    ("mtn_momo", "CI"): "MTN_MOMO_CIV",
    ("mtn_momo", "CM"): "MTN_MOMO_CMR",
    ("mtn_momo", "CG"): "MTN_MOMO_COG",
    ("free_money", "SN"): "FREE_SEN",
    ("moov_money", "BJ"): "MOOV_BEN",
    ("moov_money", "BF"): "MOOV_BFA",
}
_WAVE_NETWORKS = {"SN": "WAVE_SEN", "CI": "WAVE_CIV"}
_OWN: Mapping[str, Mapping[str, str]] = {
    "orange_money": {
        "SN": "orange_sonatel",
        "CM": "orange_cm",
        **dict.fromkeys(("CI", "BF", "ML", "GN", "CD"), "orange_webpay"),
    },
    "mtn_momo": dict.fromkeys(("BJ", "CI", "CM", "GN", "CG"), "mtn"),
    "free_money": {"SN": "mixx"},
    "moov_money": {"BJ": "moov", "BF": "moov"},
}
_ONLY_COLLECTS = frozenset({"orange_webpay"})
_MESSAGES = {
    "sms": ("africas_talking", "kannel", "twilio_sms"),
    "ussd": ("mtn_madapi", "kannel_ussd"),
    "whatsapp": ("meta_whatsapp", "twilio_whatsapp"),
    "email": ("smtp",),
    "push": ("web_push",),
}
CONNECTORS = ("biller", "airtime")


def list_defaults() -> Iterator[tuple[Cell, tuple[Choice, ...]]]:
    """Give every cell that ships, with its adapters in order of preference; pawaPay comes after an operator's own."""
    for method, by_country in _OWN.items():
        for country, own in by_country.items():
            network = _NETWORKS.get((method, country), "")
            others = (Choice("pawapay", network),) if network and own not in {"mixx", "moov"} else ()
            first = Choice(own, network if own in {"mixx", "moov"} else "")
            yield Cell(method, country, _COLLECT), (first, *others)
            yield Cell(method, country, _PAYOUT), others if own in _ONLY_COLLECTS else (first, *others)
    for country, network in _WAVE_NETWORKS.items():
        yield Cell("wave", country, _COLLECT), (Choice("wave"), Choice("pawapay", network))
        yield Cell("wave", country, _PAYOUT), (Choice("wave"),)
    for connector in CONNECTORS:
        yield Cell(connector, "", _PAYOUT), (Choice(connector),)
    for channel, adapters in _MESSAGES.items():
        yield Cell(channel, "", _SEND), tuple(Choice(adapter) for adapter in adapters)
