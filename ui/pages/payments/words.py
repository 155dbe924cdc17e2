"""What the codes of payments are called on the screen, and how their states are shown."""

from collections.abc import Mapping

from providers.answers import Reason
from services.approvals import ApprovalRow
from services.transfers.reasons import REASONS
from services.unknowns import CaseRow, UnknownRow
from ui.labels import Sign, State, Tone, t

SECTION = "/paiements"
UNKNOWNS = "/paiements/inconnus"
HEALTH = "/paiements/sante"
CALLBACKS = "/paiements/rappels"

DIRECTIONS = {"collect": "Encaissement", "payout": "Versement", "refund": "Remboursement"}
LEAVING = frozenset({"payout", "refund"})

PURPOSES = {
    "recharge": "Recharge de portefeuille",
    "withdrawal": "Retrait vers le mobile",
    "recharge_refund": "Recharge rendue",
    "contribution": "Cotisation",
    "tontine_payout": "Pot versé",
    "bill": "Facture",
    "airtime": "Crédit téléphonique",
    "pension": "Pension",
}

STATES: dict[str, Sign] = {
    "created": Sign("schedule", "À envoyer", Tone.NEUTRAL),
    "submitted": Sign("send", "Envoyé", Tone.BLUE),
    "pending": Sign("sync", "En cours", Tone.BLUE),
    "unknown": State.UNKNOWN.value,
    "succeeded": Sign("check", "Réussi", Tone.ACCENT),
    "failed": State.FAILED.value,
    "expired": State.EXPIRED.value,
    "cancelled": State.CANCELLED.value,
    "reversed": Sign("undo", "Revenu", Tone.NEUTRAL),
}

OPEN = ("created", "submitted", "pending", "unknown")

CAUSES = {
    "submit": "par l'envoi",
    "read": "par une lecture",
    "list": "par la liste de l'opérateur",
    "operator": "par une personne",
    "time": "avec le temps",
    "request": "",
}

ENVIRONMENTS: dict[str, Sign] = {
    "sandbox": Sign("experiment", "Bac à sable", Tone.OCHRE),
    "fake": Sign("experiment", "Simulateur", Tone.OCHRE),
}

OPERATIONS = {
    "prepare": "Préparation",
    "collect": "Demande au payeur",
    "payout": "Versement",
    "refund": "Remboursement",
    "status": "Lecture",
    "list": "Liste du jour",
    "token": "Jeton",
    "expire": "Fermeture du lien",
    "balance": "Solde",
    "probe": "Essai",
}

# Where the thing a transfer is for has its page.
SUBJECT_PAGES = {
    "recharge": "/ussd-console/operations/{}",
    "withdrawal": "/ussd-console/operations/{}",
    "recharge_refund": "/paiements/transferts/{}",
}

# What a second person is asked; approvals of other services are not shown here.
APPROVALS = {
    "settle_unknown": "Régler un transfert inconnu",
    "close_case": "Clore un dossier en déplaçant son argent",
    "transfer_refund": "Rembourser un paiement",
    "notice.send": "Envoi d'une notification",
}

CASES = {
    "late_money": "Argent tardif",
    "contradiction": "Contradiction",
    "mismatch": "Écart",
    "unasked_money": "Argent non demandé",
    "unknown_word": "Mot inconnu",
}

CASE_MEANINGS = {
    "late_money": "L'argent est arrivé après que le transfert a fini sans lui. Il attend sur le compte d'attente.",
    "contradiction": "Nous avions lu un succès, l'opérateur dit maintenant un échec. Ses versements sont suspendus.",
    "mismatch": "Ce que l'opérateur a lu ne ressemble pas à ce que nous avions demandé.",
    "unasked_money": "De l'argent est arrivé que personne n'avait demandé.",
    "unknown_word": "L'opérateur emploie un mot que nos tables ne connaissent pas. Le transfert attend.",
}

OUTCOMES_OF_CASE = {
    "explained": "Expliqué : aucun argent ne bouge",
    "returned": "Repris par l'opérateur",
    "credited": "Crédité à la personne",
    "absorbed": "Gardé à notre charge",
}

CLOSED = Sign("check", "Clos", Tone.NEUTRAL)
SECOND = Sign("approval_delegation", "Deuxième signature", Tone.BLUE)
HELD = Sign("pause_circle", "Argent en attente", Tone.OCHRE)
TO_EXAMINE = Sign("fact_check", "À examiner", Tone.OCHRE)
PROVED = Sign("attach_file", "Preuve jointe", Tone.ACCENT)
ASKED = Sign("sync", "Interrogé", Tone.BLUE)

ENDINGS = {"succeeded": "Réussi", "failed": "Échoué", "expired": "Expiré", "cancelled": "Annulé"}

ANSWERS = {
    "accepted": "accepté",
    "rejected": "refusé",
    "unknown": "sort inconnu",
    "not_sent": "rien n'est parti",
    "seen": "lu",
    "not_seen": "inconnu chez l'opérateur",
    "prepared": "préparé",
}

AUTHENTICITIES: dict[str, Sign] = {
    "signed": Sign("verified", "Signé", Tone.ACCENT),
    "secret": Sign("key", "Secret partagé", Tone.ACCENT),
    "token": Sign("link", "Adresse secrète", Tone.BLUE),
    "none": Sign("question_mark", "Sans preuve", Tone.OCHRE),
}

OUTCOMES = {
    "asked": "Lecture demandée",
    "orphan": "Aucun transfert reconnu",
    "unasked_money": "Argent non demandé",
    "statement": "Relevé",
    "test": "Essai de l'opérateur",
    "refused": "Refusé",
}

# Where operators knock.
DOORS = {"orange": "Orange", "mtn": "MTN", "wave": "Wave", "pawapay": "pawaPay"}

ENTRIES = {"hold": "Réservé", "post": "Comptabilisé", "reversal": "Contre-passé"}


def direction(code: str) -> str:
    """Return whether money came in, left, or went back."""
    return t(DIRECTIONS.get(code, code))


def purpose(code: str) -> str:
    """Return what a transfer is for."""
    return t(PURPOSES.get(code, code))


def reason(code: str) -> str:
    """Return why nothing moved, or why nobody knows, as an operator reads it; nothing for no reason."""
    return t(REASONS[Reason(code) if code in set(Reason) else Reason.UNSPECIFIED].operator) if code else ""


def reason_short(code: str) -> str:
    """Return the same in a few words, for a cell."""
    known = Reason(code) if code in set(Reason) else Reason.UNSPECIFIED
    return t(REASONS[known].short) if code else ""


def cause(code: str) -> str:
    """Return what proved a transition."""
    return t(CAUSES.get(code, code)) if CAUSES.get(code, code) else ""


def operation(code: str) -> str:
    """Return what a call to the provider was for."""
    return t(OPERATIONS.get(code, code))


def answer(code: str) -> str:
    """Return what an answer of the provider meant, and the state or the reason it gave: `lu : Réussi`."""
    meaning, _, more = code.partition(":")
    said = t(ANSWERS.get(meaning, meaning)) if meaning else ""
    detail = t(STATES[more].word) if more in STATES else reason(more)
    return f"{said}, {detail[:1].lower()}{detail[1:].rstrip('.')}" if detail else said


def outcome(code: str) -> str:
    """Return what was done with a callback."""
    return t(OUTCOMES.get(code, code))


def approval(asked: ApprovalRow) -> str:
    """Return what a second person is asked, in one line."""
    return f"{t(APPROVALS.get(asked.kind, asked.kind))} : {asked.summary}"


def case(kind: str) -> str:
    """Return what a case is about."""
    return t(CASES.get(kind, kind))


def case_meaning(kind: str) -> str:
    """Return what happened, and what it means for the money."""
    return t(CASE_MEANINGS.get(kind, kind))


def case_step(row: CaseRow) -> Sign:
    """Return what a case waits for."""
    if row.closed_at is not None:
        return CLOSED
    if row.approval_id is not None:
        return SECOND
    return HELD if row.is_in_suspense else TO_EXAMINE


def unknown_step(row: UnknownRow) -> Sign:
    """Return what an unknown waits for: a second person, a decision on its proofs, or its provider."""
    if row.approval_id is not None:
        return SECOND
    return PROVED if row.proofs else ASKED


def choices(names: Mapping[str, str]) -> dict[str, str]:
    """Return the choices of a filter."""
    return {code: t(word) for code, word in names.items()}


def sign_choices(signs: Mapping[str, Sign]) -> dict[str, str]:
    """Return the choices of a filter of states."""
    return {code: t(sign.word) for code, sign in signs.items()}


def short(reference: str) -> str:
    """Return the beginning of a reference, enough to name it aloud: `7ZK3 M2P9`."""
    return f"{reference[:4]}\N{NARROW NO-BREAK SPACE}{reference[4:8]}"
