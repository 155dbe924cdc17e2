"""What the codes of offers are called on the screen."""

from models.offers import FakeMode, HookState, Period, SubscriptionState
from services.catalogue import ServiceRow
from services.connectors import ConnectorRow
from ui.labels import Sign, Tone, money, t

PATH = "/ussd-console/offres"
CONNECTORS = f"{PATH}/connecteurs"

PERIODS = {
    Period.ONCE: "Une fois",
    Period.DAY: "Par jour",
    Period.WEEK: "Par semaine",
    Period.MONTH: "Par mois",
}
LANGUAGES = {"fr": "Français", "en": "English", "ln": "Lingala"}

ON, OFF = Sign("check", "En service", Tone.ACCENT), Sign("pause", "Coupée", Tone.NEUTRAL)
SUBSCRIPTIONS = {
    SubscriptionState.ACTIVE: Sign("check", "Actif", Tone.ACCENT),
    SubscriptionState.GRACE: Sign("schedule", "À payer", Tone.OCHRE),
    SubscriptionState.INACTIVE: Sign("close", "Arrêté", Tone.NEUTRAL),
}
HOOKS = {
    HookState.QUEUED: Sign("schedule", "En attente", Tone.BLUE),
    HookState.SENT: Sign("check", "Reçue", Tone.ACCENT),
    HookState.FAILED: Sign("error", "Abandonnée", Tone.RED),
}
EVENTS = {
    "subscription.activated": "Abonnement",
    "subscription.renewed": "Renouvellement",
    "subscription.ended": "Arrêt",
}
REASONS = {
    "unpaid": "Non payé",
    "withdrawn": "Offre retirée",
    "deleted": "Offre supprimée",
}
FAKES = {
    FakeMode.OFF: "Non, il appelle vraiment",
    FakeMode.OK: "Répond comme il faut",
    FakeMode.REFUSED: "Refuse",
    FakeMode.SLOW: "Ne répond pas à temps",
    FakeMode.GARBAGE: "Répond n'importe quoi",
}
_CONNECTED = Sign("check_circle", "En service", Tone.ACCENT)
_PRETENDING = Sign("experiment", "Simulé", Tone.BLUE)
_DOWN = Sign("error", "En panne", Tone.RED)
_SWITCHED_OFF = Sign("pause", "Coupé", Tone.NEUTRAL)


def price(row: ServiceRow) -> str:
    """Return what a service costs, and for how long."""
    return f"{money(row.price)} · {t(PERIODS[row.period])}" if row.price.minor else t("Gratuit")


def service_sign(row: ServiceRow) -> Sign:
    """Return how a service stands."""
    return ON if row.is_active else OFF


def connector_sign(row: ConnectorRow) -> Sign:
    """Return how a connector stands."""
    if not row.is_active:
        return _SWITCHED_OFF
    if row.down_since is not None:
        return _DOWN
    return _CONNECTED if row.fake is FakeMode.OFF else _PRETENDING


def reason(code: str) -> str:
    """Return why a subscription ended; what a person wrote stays as it is."""
    return t(REASONS[code]) if code in REASONS else code
