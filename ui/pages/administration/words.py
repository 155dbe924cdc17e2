"""What the codes of administration are called on the screen: roles, permissions, states of people and messages."""

from collections.abc import Mapping

from core.permissions import GRANTS, Permission, Role, Scope
from models.messages import Channel, MessageState
from models.users import UserState
from ui.labels import Sign, State, Tone, t

ROLES = {
    Role.ADMIN: "Administrateur",
    Role.MEMBRE: "Membre",
    Role.GESTIONNAIRE: "Gestionnaire",
    Role.SUPERVISEUR: "Superviseur",
    Role.OPERATEUR: "Opérateur",
    Role.LECTEUR: "Lecteur",
}

SCOPES = {
    Scope.PLATFORM: "Plateforme",
    Scope.ORGANISATION: "Organisation",
    Scope.USSD: "USSD",
    Scope.CIU: "CIU",
}

PERMISSIONS: dict[str, dict[Permission, str]] = {
    "Soi-même": {Permission.PROFILE: "Tenir son propre compte"},
    "Personnes": {
        Permission.USERS_READ: "Voir les utilisateurs",
        Permission.USERS_WRITE: "Créer, modifier, désactiver",
        Permission.ROLES_WRITE: "Donner et retirer des rôles",
        Permission.ORGANISATIONS_READ: "Voir les organisations",
        Permission.ORGANISATIONS_WRITE: "Créer et modifier les organisations",
    },
    "Plateforme": {
        Permission.API_KEYS: "Créer et révoquer des clés d'API",
        Permission.AUDIT_READ: "Lire l'audit",
        Permission.HEALTH_READ: "Voir la santé",
        Permission.JOBS_READ: "Voir les tâches",
        Permission.JOBS_RUN: "Lancer une tâche",
        Permission.OUTBOX_READ: "Lire la boîte d'envoi",
        Permission.MESSAGES_WRITE: "Régler les messages et leurs modèles",
    },
    "Argent": {
        Permission.LEDGER_READ: "Lire le grand livre",
        Permission.LEDGER_REVERSE: "Contre-passer une opération",
    },
    "Paiements": {
        Permission.PAYMENTS_READ: "Voir les paiements",
        Permission.PAYMENTS_EXCHANGES_READ: "Lire les échanges avec les opérateurs",
        Permission.PAYMENTS_ACT: "Interroger, annuler, régler un inconnu",
        Permission.PAYMENTS_REFUND: "Rembourser",
        Permission.PAYMENTS_PAUSE: "Suspendre un compte d'opérateur",
        Permission.PAYMENTS_ACCOUNTS: "Régler les comptes et les routes",
        Permission.PAYMENTS_SIMULATE: "Utiliser les simulateurs",
    },
    "USSD": {
        Permission.USSD_READ: "Voir le tableau de bord",
        Permission.USSD_TEXTS_READ: "Lire les textes échangés",
        Permission.USSD_ACT: "Agir sur les sessions",
        Permission.USSD_MENUS_WRITE: "Écrire et publier les menus",
        Permission.USSD_SWITCH: "Arrêter et rouvrir un service",
        Permission.USSD_TARIFFS_WRITE: "Fixer tarifs et plafonds",
        Permission.USSD_OFFERS_WRITE: "Tenir les offres et les commandes",
        Permission.USSD_MERCHANTS_WRITE: "Tenir les marchands et les agents",
        Permission.USSD_SURVEYS_WRITE: "Mener des sondages",
        Permission.USSD_NOTICES_WRITE: "Envoyer des notifications",
        Permission.USSD_SIMULATE: "Utiliser le téléphone simulé",
        Permission.USSD_GATEWAYS: "Régler les passerelles",
        Permission.SUBSCRIBERS_READ: "Voir les abonnés",
        Permission.SUBSCRIBERS_WRITE: "Suspendre, débloquer un abonné",
    },
    "Pensions": {
        Permission.PENSIONS_READ: "Voir les lots",
        Permission.PENSIONS_WRITE: "Préparer et envoyer les lots",
        Permission.PENSIONS_APPROVE: "Approuver l'envoi des lots",
        Permission.PENSIONS_PAUSE: "Mettre un lot en pause",
        Permission.PENSIONS_RELEASE: "Libérer un paiement retenu",
        Permission.PENSIONS_SETTLE: "Régler un paiement incertain, à deux",
        Permission.PENSIONS_ACCOUNTS: "Tenir les comptes payeurs",
    },
    "CIU": {
        Permission.CIU_READ: "Voir les dossiers",
        Permission.CIU_ACT: "Agir sur les dossiers",
        Permission.CIU_ADMINISTER: "Administrer les clés et les registres",
        Permission.CIU_PHONES: "Exporter les numéros des codes",
    },
}

GATEWAY_SCOPES = {
    "ussd": "Recevoir les appels d'une passerelle USSD",
    "ussd:read": "Relire les appels USSD",
}

USER_STATES: dict[str, State | Sign] = {
    UserState.ACTIVE: State.ACTIVE,
    UserState.SUSPENDED: State.SUSPENDED,
    UserState.CLOSED: Sign("block", "Désactivé", Tone.NEUTRAL),
}

TOTP_ON = Sign("verified_user", "Activée", Tone.ACCENT)
TOTP_OFF = Sign("gpp_maybe", "Inactive", Tone.NEUTRAL)

RUN_STATES: dict[str, State] = {
    "requested": State.REQUESTED,
    "running": State.RUNNING,
    "done": State.DONE,
    "failed": State.FAILED,
}

MESSAGE_STATES: dict[str, State | Sign] = {
    MessageState.QUEUED: Sign("schedule", "En file", Tone.BLUE),
    MessageState.SENDING: Sign("sync", "En envoi", Tone.BLUE),
    MessageState.UNKNOWN: State.UNKNOWN,
    MessageState.SENT: State.SENT,
    MessageState.DELIVERED: State.DELIVERED,
    MessageState.READ: Sign("done_all", "Lu", Tone.ACCENT),
    MessageState.FAILED: State.FAILED,
    MessageState.UNDELIVERED: Sign("error", "Non remis", Tone.RED),
    MessageState.EXPIRED: State.EXPIRED,
    MessageState.SUPPRESSED: Sign("block", "Retenu", Tone.NEUTRAL),
    MessageState.CANCELLED: State.CANCELLED,
}

CHANNELS: dict[str, str] = {
    Channel.SMS: "SMS",
    Channel.USSD: "Message flash",
    Channel.WHATSAPP: "WhatsApp",
    Channel.EMAIL: "E-mail",
    Channel.PUSH: "Notification",
    Channel.IN_APP: "Dans l'application",
}

MESSAGE_TYPES = {
    "wallet_bienvenue": "Bienvenue",
    "wallet_envoi": "Envoi d'argent",
    "wallet_reception": "Argent reçu",
    "wallet_annulation": "Opération annulée",
    "wallet_recharge": "Recharge reçue",
    "wallet_recharge_lien": "Lien de recharge",
    "wallet_recharge_refusee": "Recharge non aboutie",
    "wallet_facture": "Facture payée",
    "wallet_credit": "Crédit envoyé",
    "wallet_refus": "Opération non aboutie",
    "wallet_incertain": "Opération en vérification",
    "wallet_retrait": "Retrait",
    "wallet_retrait_recu": "Retrait chez le marchand",
    "wallet_paiement": "Paiement",
    "wallet_paiement_recu": "Paiement reçu",
    "wallet_vente": "Vente à un client",
    "wallet_vente_recue": "Dépôt chez un agent",
    "wallet_versement": "Argent envoyé au compte mobile",
    "service_actif": "Service activé",
    "service_achat": "Service acheté",
    "service_echu": "Service à payer",
    "commande_statut": "Statut de commande",
    "marchand_ouvert": "Point de vente ouvert",
    "marchand_proprietaire": "Point de vente cédé",
    "service_inactif": "Service désactivé",
    "rappel_cotisation": "Rappel de cotisation",
    "confirmation_paiement": "Paiement confirmé",
    "paiement_echoue": "Paiement non abouti",
    "paiement_incertain": "Paiement en vérification",
    "alerte_retard": "Cotisation en retard",
    "penalite": "Amende",
    "reponse_whatsapp": "Réponse sur WhatsApp",
    "session_ouverte": "Séance ouverte",
    "session_terminee": "Séance close",
    "tour_passage": "Tour de passage",
    "paiement_recu": "Pot envoyé",
    "nouveau_membre": "Nouveau membre",
    "membre_depart": "Départ d'un membre",
    "pension_a_approuver": "Lot de pensions à approuver",
    "pension_approuve": "Lot de pensions approuvé",
    "pension_refuse": "Lot de pensions refusé",
    "pension_termine": "Lot de pensions terminé",
    "pension_pause": "Lot de pensions en pause",
    "pension_incertain": "Pensions sans nouvelle",
    "pension_echeance": "Lot de pensions bientôt périmé",
    "information": "Information",
    "systeme": "Système",
    "notification_push": "Notification du navigateur",
    "pin_change": "Code PIN changé",
    "pin_bloque": "Code PIN bloqué",
    "code_verification": "Code de vérification",
    "numero_change": "Numéro changé",
    "lien_mot_de_passe": "Lien de mot de passe",
    "invitation_compte": "Invitation",
}

LANGUAGES = {"fr": "Français", "en": "English", "ln": "Lingála"}


def role(code: Role) -> str:
    """Return the name of a role."""
    return t(ROLES[code])


def place(code: Scope, organisation: str = "") -> str:
    """Return where a role holds: the organisation's own name where there is one."""
    return organisation or t(SCOPES[code])


def held(scope: Scope, code: Role, organisation: str = "") -> str:
    """Return a role with its place: «Opérateur, USSD»; the platform goes without saying."""
    return role(code) if scope is Scope.PLATFORM else f"{role(code)}, {place(scope, organisation)}"


def role_choices(*, with_plain: bool = False) -> dict[str, str]:
    """Return every role that can be given, by `scope:role`."""
    known = [pair for pair in GRANTS if with_plain or pair != (Scope.PLATFORM, Role.MEMBRE)]
    return {f"{scope}:{code}": held(scope, code) for scope, code in known}


def split_role(choice: str) -> tuple[Scope, Role]:
    """Return the two halves of a key of `role_choices`."""
    scope, _, code = choice.partition(":")
    return Scope(scope), Role(code)


def scope_of_key(code: str) -> str:
    """Return what a scope of an API key permits."""
    return t(key_scopes().get(code, code))


def key_scopes() -> dict[str, str]:
    """Return every scope a key may have with its French source: a gateway's own, then the console's."""
    held = (group for permissions in PERMISSIONS.values() for group in permissions.items())
    return GATEWAY_SCOPES | {permission.value: words for permission, words in held}


def choices(known: Mapping[str, str]) -> dict[str, str]:
    """Return a filter's choices in the language of this page."""
    return {str(code): t(name) for code, name in known.items()}


def sign_choices(known: Mapping[str, State | Sign]) -> dict[str, str]:
    """Return a filter's choices of states."""
    return {str(code): t((sign.value if isinstance(sign, State) else sign).word) for code, sign in known.items()}


def message_type(code: str) -> str:
    """Return what a message is for."""
    return t(MESSAGE_TYPES.get(code, code))


def channel(code: str) -> str:
    """Return by which way a message goes."""
    return t(CHANNELS[code])


def browser(agent: str) -> str:
    """Return «Firefox, Android» of what a browser says of itself; the raw text when it says nothing known."""
    names = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    found = [next((name for mark, name in known if mark in agent), "") for known in (names, systems)]
    return ", ".join(filter(None, found)) or agent or t("Navigateur inconnu")
