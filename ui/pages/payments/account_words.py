"""What accounts and routes are called on the screen."""

from services.provider_accounts import SHAPES, AccountRow
from ui.components import chips
from ui.labels import Sign, State, Tone, t
from ui.markup import Markup

ACCOUNTS = "/paiements/comptes"

KINDS = {
    "money": "Mobile money",
    "message": "Messages",
    "connector": "Factures et crédit",
    "other": "Autres",
}
_MESSAGES = frozenset(
    {"africas_talking", "kannel", "kannel_ussd", "mtn_madapi", "twilio_sms", "twilio_whatsapp", "meta_whatsapp"}
    | {"smtp", "web_push"}
)
_CONNECTORS = frozenset({"biller", "airtime"})
_MONEY = frozenset({"orange_webpay", "orange_sonatel", "orange_cm", "mtn", "wave", "pawapay", "mixx", "moov"})

DIRECTIONS = {
    "collect": "Encaisser",
    "payout": "Verser",
    "refund": "Rembourser",
    "send": "Envoyer un message",
}
ENVIRONMENTS = {"live": "Réel", "sandbox": "Bac à sable", "fake": "Simulateur"}
OFFERS = {
    "collect": "Encaisser",
    "payout": "Verser",
    "refund": "Rembourser",
    "send": "Envoyer",
    "list": "Liste du jour",
    "name": "Nom du titulaire",
    "balance": "Solde",
}

_RESTING = Sign("pause_circle", "Au repos", Tone.OCHRE)
_LOCKED = Sign("lock", "Verrouillé", Tone.RED)
_PAUSED = Sign("pause", "Suspendu", Tone.NEUTRAL)
_RETIRED = Sign("block", "Retiré", Tone.NEUTRAL)
_NO_PAYOUTS = Sign("pause", "Versements suspendus", Tone.OCHRE)


def kind_of(adapter_name: str) -> str:
    """Return the group an adapter is shown under."""
    for kind, names in (("money", _MONEY), ("message", _MESSAGES), ("connector", _CONNECTORS)):
        if adapter_name in names:
            return kind
    return "other"


def adapter(name: str) -> str:
    """Return the name of the operator behind an adapter."""
    return t(SHAPES[name].label) if name in SHAPES else name


def environment_chip(code: str) -> Markup | None:
    """Return a chip that says whose money it is; nothing for real money."""
    return None if code == "live" else chips.plain(t(ENVIRONMENTS[code]), icon_name="experiment", tone=Tone.OCHRE)


def account_sign(row: AccountRow) -> Sign | State:
    """Return how an account stands: what stops it first is said first."""
    if row.state == "retired":
        return _RETIRED
    if row.state == "paused":
        return _PAUSED
    if row.breaker == "locked":
        return _LOCKED
    if row.breaker == "open":
        return _RESTING
    return _NO_PAYOUTS if row.are_payouts_paused else State.HEALTHY
