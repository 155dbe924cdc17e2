"""What the codes of notices are called on the screen."""

from services.audiences import Audience
from services.notices import NoticeRow
from ui.labels import Sign, Tone, count, t

NOTICES = "/ussd-console/notifications"
NEW = "nouvelle"

STATES = {
    "draft": Sign("edit", "Brouillon", Tone.NEUTRAL),
    "review": Sign("approval_delegation", "À décider à deux", Tone.OCHRE),
    "scheduled": Sign("schedule", "Prévue", Tone.BLUE),
    "sending": Sign("sync", "En cours", Tone.BLUE),
    "sent": Sign("check", "Partie", Tone.ACCENT),
    "stopped": Sign("stop_circle", "Arrêtée", Tone.RED),
}
AUDIENCES = {
    "all": "Tous les abonnés",
    "service": "Les abonnés d'un service",
    "filter": "Un filtre",
    "numbers": "Une liste de numéros",
}
ROLES = {"": "Tous", "client": "Clients", "agent": "Agents", "merchant": "Marchands"}


def audience(chosen: Audience) -> str:
    """Say whom a notice is for, in a few words."""
    if chosen.kind == "service":
        return t("Abonnés de {service}").format(service=chosen.service)
    if chosen.kind != "filter":
        return t(AUDIENCES[chosen.kind])
    parts = [t(ROLES[role]) for role in chosen.roles]
    parts += [*chosen.networks, *(code.upper() for code in chosen.languages)]
    if chosen.seen_within_days:
        parts.append(t("vus depuis {days} jours").format(days=count(chosen.seen_within_days)))
    return ", ".join(parts) or t("Tous les abonnés")


def channels(row: NoticeRow) -> str:
    """Say which ways a notice goes."""
    by_phone = t("Message flash ou SMS") if row.has_flash else "SMS"
    return " + ".join([*([by_phone] if row.has_sms else []), *([t("Menu USSD")] if row.has_inbox else [])])


def channel(code: str) -> str:
    """Return what one way is called."""
    return t("Flash USSD") if code == "ussd" else "SMS"
