"""What the codes of dialogues, wallets and messages are called on the screen."""

from core.money import Money
from services.wallets.kinds import NAMES, name_of
from ui.labels import Sign, State, Tone, t

SECTION = "/ussd-console"
SUBSCRIBERS = f"{SECTION}/abonnes"
PHONE = f"{SECTION}/telephone"

SCREENS = {
    "home": "Accueil",
    "welcome": "Bienvenue",
    "suspended": "Compte suspendu",
    "r_name": "Inscription, nom",
    "r_pin": "Inscription, code",
    "r_pin2": "Inscription, code répété",
    "r_ok": "Inscription réussie",
    "r_exists": "Déjà inscrit",
    "t_to": "Bénéficiaire",
    "t_amount": "Montant",
    "t_again": "Même envoi",
    "t_confirm": "Confirmation",
    "t_pin": "Code secret",
    "t_ok": "Reçu",
    "q_pin": "Solde, code secret",
    "q_ok": "Solde",
    "me": "Mon compte",
    "p_old": "Ancien code",
    "p_new": "Nouveau code",
    "p_new2": "Nouveau code répété",
    "p_ok": "Code changé",
    "h_pin": "Mouvements, code secret",
    "h_ok": "Derniers mouvements",
    "h_none": "Aucun mouvement",
    "l_menu": "Langue",
    "l_ok": "Langue changée",
    "cancelled": "Annulé par la personne",
    "no_funds": "Solde insuffisant",
    "over_limit": "Plafond atteint",
    "payee_full": "Bénéficiaire au plafond",
    "pin_locked": "Code bloqué",
    "no_wallet": "Sans compte",
    "no_pin": "Sans code",
    "no_account": "Sans compte",
    "balance_end": "Solde",
    "_resume": "Reprise proposée",
    "_result": "Résultat non vu",
}

# The ways through the menus that lead to something, screen by screen.
WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "transfer": ("Transfert", ("home", "t_to", "t_amount", "t_confirm", "t_pin", "t_ok")),
    "balance": ("Solde", ("home", "q_pin", "q_ok")),
    "register": ("Inscription", ("welcome", "r_name", "r_pin", "r_pin2", "r_ok")),
}

SESSION_STATES = {
    "open": Sign("sync", "En cours", Tone.BLUE),
    "ended": Sign("check", "Terminée", Tone.ACCENT),
    "aborted": Sign("call_end", "Interrompue", Tone.NEUTRAL),
    "timeout": Sign("history", "Expirée", Tone.NEUTRAL),
    "expired": Sign("history", "Expirée", Tone.NEUTRAL),
    "failed": Sign("error", "Échouée", Tone.RED),
    "moved": Sign("redo", "Reprise", Tone.NEUTRAL),
}
WAITING = Sign("hourglass_top", "Sans réponse", Tone.OCHRE)
WAITING_AFTER_S = 60

GOALS = {
    "registered": "Inscription",
    "transfer_done": "Transfert fait",
    "balance_shown": "Solde lu",
    "pin_changed": "Code changé",
    "language_changed": "Langue changée",
    "statement_shown": "Mouvements lus",
}

# What figures are cut by, and what narrows them.
BY = {
    "version": "Version",
    "service": "Service",
    "gateway": "Passerelle",
    "network": "Réseau",
    "language": "Langue",
    "hour": "Heure",
    "day": "Jour",
}
CUTS = {"version": "Version", "gateway": "Passerelle", "network": "Réseau", "language": "Langue"}

REASONS = {
    "limit": "Trop de demandes",
    "stopped": "Service arrêté",
    "maintenance": "Maintenance",
    "errors": "Trop d'erreurs",
    "operator": "Terminée par un opérateur",
    "error": "Défaut",
}

ALERTS = {
    "silent": "Plus aucune session depuis 15 min",
    "errors": "Trop d'erreurs",
    "unknown": "Opérations au sort inconnu",
    "slow": "Réponses lentes",
    "drops": "Abandons en hausse",
    "secrets": "Codes secrets refusés",
}

REFUSALS = {
    "invalid": "Saisie refusée",
    "unknown": "Numéro inconnu",
    "wrong": "Code faux",
    "weak": "Code trop simple",
    "differs": "Codes différents",
    "self": "Son propre numéro",
    "error": "Défaut",
    "expired": "Trop tard",
    "limit": "Trop de demandes",
    "min": "Sous le minimum",
    "max": "Au-dessus du maximum",
}

OPERATION_STATES = {
    "completed": State.DONE,
    "reserved": State.PENDING,
    "sent": State.SENT,
    "failed": State.FAILED,
    "unknown": State.UNKNOWN,
    "reversed": State.REVERSED,
}

# What moves a wallet without being asked for at a phone.
MOVEMENTS = {
    "deposit": "Dépôt",
    "withdrawal": "Retrait",
    "opening": "Solde d'ouverture",
    "reversal": "Contre-passation",
}

# Networks as people write them, whatever a gateway calls them.
NETWORKS = {
    name.casefold(): name
    for name in ("MTN", "Orange", "Camtel", "Nexttel", "Moov", "Airtel", "Vodacom", "Africell", "Free", "Expresso")
}
LEVELS = {"0": "Niveau 0, inscrit seul", "1": "Niveau 1, identifié", "agent": "Agent", "merchant": "Marchand"}
LANGUAGES = {"fr": "Français", "en": "English", "ln": "Lingala"}

MESSAGES = {
    "wallet_bienvenue": "Bienvenue",
    "wallet_envoi": "Argent envoyé",
    "wallet_reception": "Argent reçu",
    "pin_change": "Code changé",
    "pin_bloque": "Code bloqué",
}


def screen(code: str) -> str:
    """Return the name of a screen; one that nobody named keeps its id."""
    return t(SCREENS[code]) if code in SCREENS else code or "\N{EM DASH}"


def session_state(code: str, idle_s: float = 0) -> Sign:
    """Return how a dialogue stands; an open one whose person does not answer is said so."""
    return WAITING if code == "open" and idle_s >= WAITING_AFTER_S else SESSION_STATES[code]


def goal(code: str) -> str:
    """Return what a dialogue reached."""
    return t(GOALS[code]) if code in GOALS else code


def refusal(code: str) -> str:
    """Return why an answer was refused."""
    return t(REFUSALS[code]) if code in REFUSALS else code


def reason(code: str) -> str:
    """Return why a dialogue ended without a goal: a rule, or the screen that ended it."""
    return t(REASONS[code]) if code in REASONS else screen(code)


def alert(code: str) -> str:
    """Return what an alert is about."""
    return t(ALERTS[code])


def kind(code: str) -> str:
    """Return the name of an operation, or of a movement that is none."""
    return t(MOVEMENTS[code]) if code in MOVEMENTS else name_of(code)


def kinds() -> dict[str, str]:
    """Return the kinds of operation to choose from."""
    return {str(code): name_of(code) for code in NAMES}


def level(code: str) -> str:
    """Return the name of a wallet's level."""
    return t(LEVELS[code])


def language(code: str) -> str:
    """Return a language in its own words."""
    return LANGUAGES.get(code, code)


def message(code: str) -> str:
    """Return what a message is about."""
    return t(MESSAGES[code]) if code in MESSAGES else code


def network(name: str, *, is_estimated: bool = False) -> str:
    """Return a network; one told by the number's prefix alone is marked."""
    if not name:
        return t("Réseau inconnu")
    written = NETWORKS.get(name.casefold(), name)
    return f"{written} ({t('estimé')})" if is_estimated else written


def signed(amount: Money, written: str) -> str:
    """Return an amount with its sign before it."""
    return f"+{written}" if amount.minor > 0 else written


def person_state(code: str) -> State:
    """Return how a subscriber stands."""
    return {"active": State.ACTIVE, "suspended": State.SUSPENDED}.get(code, State.CLOSED)
