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
TYPES = {
    "text": "Du texte",
    "int": "Un nombre entier",
    "money": "Un montant, sans séparateur",
    "phone": "Un numéro de téléphone",
    "date": "Une date, AAAA-MM-JJ",
}
# What a call came to, for whoever tries it.
OUTCOMES = {
    "ok": Sign("check_circle", "Répondu", Tone.ACCENT),
    "refused": Sign("error", "Refusé", Tone.OCHRE),
    "down": Sign("error", "En panne", Tone.RED),
}
FAULTS = {
    "host_not_allowed": "Cet hôte n'est pas dans la liste permise.",
    "unresolved": "Ce nom d'hôte ne mène nulle part.",
    "private": "Ce nom mène dans un réseau privé, et cet hôte n'y est pas permis.",
    "not_json": "La réponse n'est pas du JSON.",
    "AnswerTooLargeError": "La réponse dépasse 64 Kio.",
    "ConnectError": "Personne ne répond à cette adresse.",
    "ConnectTimeout": "Personne ne répond à cette adresse.",
    "ReadTimeout": "Pas de réponse dans le délai.",
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


def outcome_sign(name: str) -> Sign:
    """Return how a call ended; an outcome of its own rules keeps its name."""
    return OUTCOMES.get(name, Sign("call_split", name, Tone.BLUE))


def fault(why: str) -> str:
    """Return why a call came to nothing."""
    if why in FAULTS:
        return t(FAULTS[why])
    name, _, kind = why.partition(": ")
    return t("{name} manque, ou n'est pas du type {kind}.").format(name=name, kind=kind) if kind else why
