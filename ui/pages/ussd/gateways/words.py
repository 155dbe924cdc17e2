"""What gateways and their exchanges are called on the screen."""

from collections.abc import Mapping

from channels.ussd.accounts import ProfileRow
from services.gateways import GatewayRow
from services.wire_records import WireRow
from ui.labels import Sign, Tone, count, decimal, percent, t, when
from ui.pages.ussd import words

GATEWAYS = f"{words.SECTION}/passerelles"
PROFILES = f"{GATEWAYS}/profils"
NEVER = "\N{EM DASH}"
# What to do with the address, by profile: whoever holds the contract finds the place there.
PLACES = {
    "africastalking": "Dans leur tableau de bord : USSD, Service Codes, « Callback ». La même sert aux « Events ».",
    "mtn_madapi": "Dans l'abonnement au code : « callbackUrl ».",
    "infobip": "À leur équipe d'intégration : elle y ajoute /session/… d'elle-même.",
    "kannel_sms": "Dans kannel.conf : le « get-url » du groupe « sms-service ».",
    "kannel_ussd": "Dans kannel.conf : le « get-url » du groupe « sms-service ».",
}
ELSEWHERE = "Envoyez-la par un moyen sûr à l'équipe technique de l'agrégateur."
KANNEL_QUERIES = {
    "kannel_sms": "?from=%p&to=%P&text=%b&id=%I&smsc=%i&epoch=%T&coding=%c&meta=%D",
    "kannel_ussd": "?from=%p&to=%P&text=%b&id=%I&epoch=%T&op=%#smpp#ussd_service_op#&sess=%#smpp#its_session_info#",
}
US_PER_MS = 1_000
MS_PER_S = 1_000
WORRYING_DRIFT_MS = 30_000

STATES = {
    "live": Sign("check_circle", "En service", Tone.ACCENT),
    "maintenance": Sign("build", "En maintenance", Tone.OCHRE),
    "stopped": Sign("pause", "Suspendue", Tone.NEUTRAL),
}
CREDENTIALS = {
    "basic": "Identité HTTP Basic (nom:mot de passe)",
    "userid": "Nom d'utilisateur dans la requête",
    "password": "Mot de passe dans la requête",
    "token": "Jeton d'en-tête",
    "application_token": "Jeton d'application",
}
KINDS = {
    "begin": "Début",
    "continue": "Suite",
    "end": "Fin",
    "abort": "Abandon",
    "timeout": "Délai dépassé",
    "event": "Bilan de session",
    "status": "État",
    "shown": "Écran affiché",
}
OUTCOMES = {
    "error": "Erreur",
    "busy": "Occupé",
    "late": "Trop tard",
    "conflict": "Conflit",
    "413": "Requête trop longue",
    "415": "Type refusé",
    "422": "Illisible",
    "stopped": "Service arrêté",
    "maintenance": "Maintenance",
    "expired": "Session expirée",
    "replay": "Répétée",
}
TURN = {
    "session_key": "Session",
    "msisdn": "Numéro",
    "service_code": "Code",
    "kind": "Sens",
    "typed": "Tapé",
    "inputs": "Saisies",
    "first_message": "Premier message",
    "transcript": "Texte cumulé",
    "network": "Réseau",
    "language": "Langue",
    "dedup": "Identité du tour",
    "stale": "Périmée",
    "event": "Bilan",
}
UNSERVED = frozenset({"stopped", "maintenance", "expired"})
FAILURES = frozenset({"error", "busy", "late", "conflict", "413", "415", "422"})


def profile(row: ProfileRow) -> str:
    """Return a profile's title, else its name."""
    return row.title or row.name


def place(name: str) -> str:
    """Return where the address of an account of this profile is put."""
    return t(PLACES.get(name, ELSEWHERE))


def last_request(row: GatewayRow) -> str:
    """Return when an account was last heard."""
    return when(row.last_at) if row.last_at else t("jamais")


def error_share(row: GatewayRow) -> str:
    """Return the share of exchanges that ended badly; a dash when there was none."""
    return percent(row.error_share) if row.exchanges else NEVER


def drift(drift_ms: int | None) -> str:
    """Return how far a gateway's clock is from ours; a dash when it sends none."""
    return f"{decimal(drift_ms / MS_PER_S)}\N{NO-BREAK SPACE}s" if drift_ms is not None else NEVER


def elapsed(record: WireRow) -> str:
    """Return how long an exchange took."""
    return f"{decimal(record.elapsed_us / US_PER_MS)}\N{NO-BREAK SPACE}ms"


def kind(code: str) -> str:
    """Return what a request says of its session."""
    return t(KINDS.get(code, code or "Requête"))


def outcome(record: WireRow) -> Sign:
    """Return the sign of how an exchange ended."""
    word = OUTCOMES.get(record.outcome, "Répondu")
    if record.outcome in FAILURES:
        return Sign("error", word, Tone.RED)
    if record.outcome in UNSERVED:
        return Sign("pause", word, Tone.NEUTRAL)
    return Sign("check", word, Tone.NEUTRAL if record.outcome in OUTCOMES else Tone.ACCENT)


def page_limits(network: str, limits: Mapping[str, int]) -> str:
    """Return what a page holds on a network."""
    told = [t("{size} septets").format(size=count(limits["gsm7"]))] if "gsm7" in limits else []
    if "ucs2" in limits:
        told.append(t("{size} caractères Unicode").format(size=count(limits["ucs2"])))
    return f"{words.network(network)}\N{NO-BREAK SPACE}: {', '.join(told)}"
