"""The map of the console: its sections, who may open each, and how much waits there. Only what exists is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.whatsapp import doors
from core.permissions import Actor, Permission
from reports import home, payments
from services import approvals

IN_BOTTOM_BAR = 4
HOME = "/"  # where everything that waits is listed
APPROVALS = "/approbations"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many things wait in a section; a failure gets the red dot."""

    number: int
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One line of the rail."""

    path: str
    label: str
    icon: str
    needs: Permission = Permission.PROFILE
    group: str = ""
    is_for: Callable[[Actor], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Books:
    """How the ledger stood when it was last checked."""

    is_balanced: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What the frame of a page says: how much waits where, how the books stand, whose accounts on trial are active.

    `is_unsigned`: anybody may write to the identifiers as anybody.
    """

    waiting: dict[str, Waiting]
    books: Books | None
    trials: tuple[str, ...] = ()
    is_unsigned: bool = False


NOTHING = Standing({}, None)

SECTIONS: tuple[Section, ...] = (
    Section(HOME, "Accueil", "home"),
    Section(APPROVALS, "Approbations", "approval_delegation", is_for=approvals.takes_part),
    Section("/pensions", "Lots", "account_balance", Permission.PENSIONS_READ, "Pensions"),
    Section("/pensions/a-eclaircir", "À éclaircir", "help", Permission.PENSIONS_READ, "Pensions"),
    Section("/pensions/comptes", "Comptes payeurs", "account_balance_wallet", Permission.PENSIONS_READ, "Pensions"),
    Section("/pensions/rapports", "Rapports", "bar_chart", Permission.PENSIONS_READ, "Pensions"),
    Section("/pensions/reglages", "Réglages", "settings", Permission.PENSIONS_ACCOUNTS, "Pensions"),
    Section("/ussd-console", "En direct", "dialpad", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/abonnes", "Abonnés", "contacts", Permission.SUBSCRIBERS_READ, "USSD"),
    Section("/ussd-console/operations", "Opérations", "payments", Permission.SUBSCRIBERS_READ, "USSD"),
    Section("/ussd-console/menus", "Menus", "account_tree", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/telephone", "Téléphone", "mobile", Permission.USSD_SIMULATE, "USSD"),
    Section("/ussd-console/parcours", "Parcours", "timeline", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/services", "Services", "tune", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/offres", "Offres", "widgets", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/commandes", "Commandes", "local_shipping", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/sondages", "Sondages", "rule", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/notifications", "Notifications", "circle_notifications", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/marchands", "Marchands et agents", "storefront", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/tarifs", "Tarifs et plafonds", "sell", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/factures", "Factures et crédit", "receipt", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/passerelles", "Passerelles", "cell_tower", Permission.USSD_READ, "USSD"),
    Section("/ussd-console/arret", "Arrêt d'urgence", "emergency", Permission.USSD_READ, "USSD"),
    Section("/ciu", "Tableau de bord", "monitoring", Permission.CIU_READ, "CIU"),
    Section("/ciu/codes", "Codes", "fingerprint", Permission.CIU_ACT, "CIU"),
    Section("/ciu/conversations", "Conversations", "forum", Permission.CIU_ACT, "CIU"),
    Section("/ciu/doublons", "Doublons", "merge", Permission.CIU_ACT, "CIU"),
    Section("/ciu/fichiers", "Fichiers", "file_export", Permission.CIU_READ, "CIU"),
    Section("/ciu/dhis2", "DHIS2", "hub", Permission.CIU_ACT, "CIU"),
    Section("/ciu/recettes", "Recettes", "fact_check", Permission.CIU_ACT, "CIU"),
    Section("/ciu/simulateur", "Simulateur de chat", "chat", Permission.CIU_ACT, "CIU"),
    Section("/ciu/reglages", "Réglages", "settings", Permission.CIU_ADMINISTER, "CIU"),
    Section("/paiements", "Transferts", "swap_horiz", Permission.PAYMENTS_READ, "Paiements"),
    Section("/paiements/inconnus", "Inconnus", "help", Permission.PAYMENTS_READ, "Paiements"),
    Section("/paiements/rapprochement", "Rapprochement", "compare_arrows", Permission.PAYMENTS_READ, "Paiements"),
    Section("/paiements/sante", "Opérateurs", "network_check", Permission.PAYMENTS_READ, "Paiements"),
    Section("/paiements/rappels", "Rappels reçus", "webhook", Permission.PAYMENTS_READ, "Paiements"),
    Section("/paiements/comptes", "Comptes et routes", "account_tree", Permission.PAYMENTS_READ, "Paiements"),
    Section("/paiements/messages", "Messages", "sms", Permission.OUTBOX_READ, "Paiements"),
    Section("/paiements/simulateurs", "Simulateurs", "experiment", Permission.PAYMENTS_SIMULATE, "Paiements"),
    Section("/grand-livre", "Grand livre", "receipt_long", Permission.LEDGER_READ, "Suivi"),
    Section("/grand-livre/balance", "Balance", "balance", Permission.LEDGER_READ, "Suivi"),
    Section("/administration/taches", "Tâches", "task_alt", Permission.JOBS_READ, "Suivi"),
    Section("/administration/utilisateurs", "Utilisateurs", "groups", Permission.USERS_READ, "Plateforme"),
    Section("/administration/roles", "Rôles", "shield_person", Permission.ROLES_WRITE, "Plateforme"),
    Section("/administration/cles", "Clés d'API", "key", Permission.API_KEYS, "Plateforme"),
    Section("/administration/audit", "Audit", "policy", Permission.AUDIT_READ, "Plateforme"),
    Section("/administration/boite-envoi", "Boîte d'envoi", "outbox", Permission.OUTBOX_READ, "Plateforme"),
    Section("/administration/sante", "Santé", "monitor_heart", Permission.HEALTH_READ, "Plateforme"),
)


# Where each kind of waiting thing is dealt with.
WHERE = {
    "books": "/administration/sante",
    "gateway": "/ussd-console",
    "stalled": "/administration/taches",
    "job": "/administration/taches",
    "unknown": "/ussd-console/operations",
    "pins": "/ussd-console/abonnes",
    "messages": "/administration/boite-envoi",
    "transfers": "/paiements/inconnus",
    "cases": "/paiements/inconnus",
    "approvals": APPROVALS,
    "providers": "/paiements/sante",
    "pension_approval": "/pensions",
    "pension_batch": "/pensions",
    "pension_doubt": "/pensions/a-eclaircir",
    "ciu_pairs": "/ciu/doublons",
    "ciu_dhis2": "/ciu/dhis2",
}

# Where the very thing is dealt with, by the name it has in documents.
WHERE_EXACTLY = {
    "pension_approval": "/pensions/lots/{}",
    "pension_batch": "/pensions/lots/{}",
}


def sections_for(actor: Actor, drawn: Sequence[str]) -> list[Section]:
    """Return the sections this actor may open, among the paths that have a page."""
    return [
        section for section in SECTIONS if section.path in drawn and actor.may(section.needs) and section.is_for(actor)
    ]


def section_of(path: str, sections: Sequence[Section]) -> Section | None:
    """Return the section a path belongs to: the longest that begins it."""
    inside = [
        section for section in sections if path == section.path or path.startswith(section.path.rstrip("/") + "/")
    ]
    return max(inside, key=lambda section: len(section.path), default=None)


def standing(session: Any, actor: Actor, sections: Sequence[Section]) -> Standing:
    """Read, in the page's own transaction, what its frame says: what waits where, and how the books stand."""
    waiting: dict[str, Waiting] = {}
    for thing in home.list_waiting(session, actor):
        section = section_of(WHERE[thing.kind], sections)
        for path in {HOME, section.path if section else HOME}:
            before = waiting.get(path, Waiting(0))
            is_failure = before.is_failure or thing.tone == "red"
            waiting[path] = Waiting(before.number + thing.count, is_failure=is_failure)
    books = home.get_books(session)
    checked = Books(is_balanced=books.are_right, at=books.checked_at) if books.checked_at else None
    trials = tuple(payments.list_trials(session))
    return Standing(waiting, checked, trials, is_unsigned=doors.is_unsigned_allowed())
