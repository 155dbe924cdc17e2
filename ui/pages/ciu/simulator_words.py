"""Words of the chat simulator: ways of signing, ways of travelling, pages of the conversation, events."""

from channels.whatsapp.signing import Line, Way
from ui.labels import Sign, Tone, t

DIRECT, LATE, LOST, TWICE, TOGETHER, SWAPPED = "direct", "late", "lost", "twice", "together", "swapped"

LANGUAGES = {"fr": "Français", "en": "English", "ln": "Lingala"}

DELIVERED = Sign("done_all", "Livré", Tone.NEUTRAL)
ON_ITS_WAY = Sign("schedule", "En chemin", Tone.OCHRE)
DROPPED = Sign("block", "Perdu", Tone.RED)
REFUSED = Sign("error", "Refusé", Tone.RED)


def ways() -> dict[str, str]:
    """Return how a message may be brought."""
    return {
        Way.SHA1: t("Twilio, signé en SHA-1"),
        Way.SHA256: t("Twilio, signé en SHA-256"),
        Way.META: t("Meta, signé en SHA-256"),
    }


def travels() -> dict[str, str]:
    """Return what the network may do with the next message."""
    return {
        DIRECT: t("Le livre tout de suite"),
        LATE: t("Le livre dix secondes plus tard"),
        LOST: t("Le perd"),
        TWICE: t("Le livre deux fois à la fois, sous le même identifiant"),
        TOGETHER: t("Le retient, et le livre avec le suivant, à la fois"),
        SWAPPED: t("Le retient, et le livre après le suivant"),
    }


def line(one: Line) -> str:
    """Return a number of ours as it is chosen."""
    return f"{one.programme} · {one.address}"


def page(code: str, number: int, questions: int) -> str:
    """Return what an open conversation waits for."""
    return {
        "language": t("Choix de la langue"),
        "consent": t("Accord"),
        "fix": t("Réponse à corriger"),
        "question": t("Question {number} sur {count}").format(number=number + 1, count=questions)
        if number < questions
        else t("Page de confirmation"),
    }.get(code, code)


def end(reason: str) -> str:
    """Return how the last conversation ended."""
    return {
        "issued": t("Terminée par un code"),
        "stopped": t("Arrêtée"),
        "expired": t("Expirée"),
        "restarted": t("Recommencée"),
        "forgotten": t("Effacée"),
    }.get(reason, t("Aucune conversation"))


def event(name: str) -> str:
    """Return a line of the statistics in words."""
    return {
        "started": t("Conversation commencée"),
        "asked": t("Question posée"),
        "answered": t("Réponse acceptée"),
        "refused": t("Réponse refusée"),
        "confirmed": t("Réponses confirmées"),
        "issued_new": t("Code nouveau"),
        "issued_existing": t("Code retrouvé"),
        "expired": t("Conversation expirée"),
        "stopped": t("Conversation arrêtée"),
        "restarted": t("Conversation recommencée"),
        "forgotten": t("Personne oubliée"),
        "throttled": t("Trop d'essais"),
    }.get(name, name)
