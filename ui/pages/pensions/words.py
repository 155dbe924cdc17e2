"""What the codes of pensions are called on the screen, and how their stages are shown."""

from collections.abc import Sequence
from datetime import date

from babel.dates import format_date

from core.money import Money
from models.pension_stages import BatchStage, PayeeType, PaymentStage, Rail
from services.pensions.files.totals import Sum
from services.pensions.shapes import BatchRow, PaymentRow
from ui.labels import NO_BREAK, Sign, State, Tone, counted, money, page_language, t
from ui.pages.payments import words as payment_words

BATCHES = "/pensions"
NEW = "/pensions/nouveau"
BATCH = "/pensions/lots/{}"
FILES = "/pensions/fichiers/{}"
ATTENTION = "/pensions/a-eclaircir"
ACCOUNTS = "/pensions/comptes"
REPORTS = "/pensions/rapports"
SETTINGS = "/pensions/reglages"

DOUBT = "Ne renvoyez pas : le paiement est peut-être déjà fait."
SHOWN_DIGITS = 4
VOWELS = "aeiouy"

STAGES: dict[BatchStage, Sign] = {
    BatchStage.DRAFT: State.DRAFT.value,
    BatchStage.AWAITING_APPROVAL: Sign("approval_delegation", "À approuver", Tone.BLUE),
    BatchStage.QUEUED: Sign("schedule", "En file", Tone.BLUE),
    BatchStage.PROCESSING: State.RUNNING.value,
    BatchStage.PAUSED: Sign("pause", "En pause", Tone.OCHRE),
    BatchStage.CANCELLING: Sign("block", "Annulation en cours", Tone.OCHRE),
    BatchStage.COMPLETED: State.DONE.value,
    BatchStage.PARTIALLY_COMPLETED: Sign("rule", "Terminé avec des échecs", Tone.RED),
    BatchStage.FAILED: State.FAILED.value,
    BatchStage.CANCELLED: State.CANCELLED.value,
    BatchStage.REJECTED: Sign("block", "Refusé", Tone.NEUTRAL),
    BatchStage.EXPIRED: Sign("history", "Périmé", Tone.NEUTRAL),
}

PAYMENTS: dict[PaymentStage, Sign] = {
    PaymentStage.WAITING: Sign("schedule", "En attente", Tone.NEUTRAL),
    PaymentStage.HELD: Sign("back_hand", "À vérifier", Tone.OCHRE),
    PaymentStage.SENDING: Sign("send", "Envoi", Tone.BLUE),
    PaymentStage.SENT: Sign("sync", "Chez le switch", Tone.BLUE),
    PaymentStage.UNKNOWN: Sign("help", "Incertain", Tone.OCHRE),
    PaymentStage.COMPLETED: State.PAID.value,
    PaymentStage.FAILED: State.FAILED.value,
    PaymentStage.CANCELLED: State.CANCELLED.value,
    PaymentStage.REVERSED: Sign("undo", "Revenu", Tone.NEUTRAL),
}

VERDICTS: dict[str, Sign] = {
    "same": Sign("check", "Même nom", Tone.ACCENT),
    "close": Sign("difference", "Nom proche", Tone.BLUE),
    "different": Sign("difference", "Autre nom", Tone.OCHRE),
    "absent": Sign("question_mark", "Nom absent", Tone.NEUTRAL),
}

DIFFERENCES: dict[str, Sign] = {
    "new": Sign("person_add", "Nouveau", Tone.BLUE),
    "gone": Sign("person_remove", "Sorti", Tone.NEUTRAL),
    "changed": Sign("swap_vert", "Montant changé", Tone.OCHRE),
}

TYPES: dict[str, str] = {
    PayeeType.MSISDN: "Téléphone",
    PayeeType.EMAIL: "Courriel",
    PayeeType.PERSONAL_ID: "Identifiant personnel",
    PayeeType.BUSINESS: "Entreprise",
    PayeeType.DEVICE: "Appareil",
    PayeeType.ACCOUNT_ID: "Compte",
    PayeeType.IBAN: "IBAN",
    PayeeType.ALIAS: "Alias",
}

PURPOSES = {"PENSION": "Pension", "RAPPEL": "Rappel", "ARRIERES": "Arriérés", "REVERSION": "Réversion"}

RAILS: dict[str, str] = {Rail.MOJALOOP: "Mojaloop", Rail.MOBILE_MONEY: "Mobile money"}

# Why a batch rests, by the code its pause was written with.
PAUSES = {
    "adapter_unwell": "Le connecteur Mojaloop ne répond pas bien. L'envoi reprendra de lui-même.",
    "foreign_id": "Le connecteur a répondu sous un autre identifiant ; prévenez l’administrateur.",
    "payer_limit": "Plafond de l’organisation atteint au switch ; voyez l’administrateur.",
    "position": "Position insuffisante au switch : approvisionnez, puis reprenez.",
    "seal_broken": "Le sceau ne correspond plus aux lignes : rien ne partira plus. Prévenez l'administrateur.",
    "organisation_inactive": "L'organisation est fermée : elle peut lire, pas envoyer.",
    "account_inactive": "Le compte payeur est fermé.",
    "configuration": "Le switch refuse nos demandes : prévenez l'administrateur.",
    "by_hand": "À la demande d'une personne de l'organisation.",
}
STOPPED_BY_US = frozenset({"adapter_unwell", "position", "seal_broken", "configuration", "foreign_id", "payer_limit"})

# Our own codes beside the switch's, as an operator reads them.
OPERATIONS = {
    "lookup": "Recherche du bénéficiaire",
    "post_transfers": "Envoi",
    "put_accept_party": "Bénéficiaire accepté",
    "put_accept_quote": "Devis accepté",
    "get_transfer": "Lecture",
    "probe": "Essai",
    "health": "Présence",
}
UNSEEN = "inconnu du switch"

CODES = {
    "refused_by_operator": "Refusé par votre organisation après vérification.",
    "payee_not_found": "Bénéficiaire inconnu : corrigez l'identifiant.",
    "name_differs": "Le switch connaît cette personne sous un autre nom : vérifiez avant de payer.",
    "fee_too_high": "Les frais demandés dépassent le plafond : acceptez-les, ou refusez.",
    "lookup_unknown": "Le switch n'a pas su dire qui est cette personne : vérifiez avant de payer.",
    "currency_not_supported": "Ce compte ne reçoit pas cette devise.",
}


def cycle(code: str) -> str:
    """Return `novembre 2026` of `2026-11`."""
    year, _, month = code.partition("-")
    return format_date(date(int(year), int(month), 1), "LLLL y", locale=page_language())


def title(batch: BatchRow) -> str:
    """Return `Pensions de novembre 2026`, with the elision of `d'avril`."""
    return cycle_title(batch.cycle)


def cycle_title(code: str) -> str:
    """Return what the pensions of a month are called."""
    month = cycle(code)
    sentence = t("Pensions d'{month}") if month[0].casefold() in VOWELS else t("Pensions de {month}")
    return sentence.format(month=month)


def stage(batch: BatchRow) -> Sign:
    """Return the sign of a batch."""
    return STAGES[batch.stage]


def payee_type(code: str) -> str:
    """Return what names a payee."""
    return t(TYPES.get(code, code))


def purpose(code: str) -> str:
    """Return what a payment is for; a word of the organisation's own is shown as it stands."""
    return t(PURPOSES[code]) if code in PURPOSES else code.replace("_", " ").capitalize()


def pause(reason: str) -> str:
    """Return why a batch rests: one of our reasons, or the words of whoever paused it."""
    return t(PAUSES[reason]) if reason in PAUSES else reason


def operation(code: str) -> str:
    """Return what a call to the switch was for."""
    return t(OPERATIONS[code]) if code in OPERATIONS else payment_words.operation(code)


def answer(code: str) -> str:
    """Return what an answer of the switch meant."""
    return t(UNSEEN) if code.startswith("not_seen") else payment_words.answer(code)


def why(payment: PaymentRow) -> str:
    """Return what the operator reads about a payment that is not paid; nothing when there is nothing to say."""
    if payment.code in CODES or payment.reason in CODES:
        return t(CODES[payment.code if payment.code in CODES else payment.reason])
    return payment.sentence


def next_step(payment: PaymentRow) -> str:
    """Return, in few words, what happens next with a payment."""
    if payment.stage in (PaymentStage.FAILED, PaymentStage.HELD):
        return why(payment).rstrip(".")
    said = {
        PaymentStage.SENDING: t("Réponse attendue"),
        PaymentStage.SENT: t("Réponse attendue"),
        PaymentStage.UNKNOWN: t("Enquête en cours"),
        PaymentStage.REVERSED: t("Rendu par le switch"),
    }
    return said.get(payment.stage, "")


def masked(payment: PaymentRow) -> str:
    """Return an identifier as a list shows it: its last four signs; the payment's own page has it whole."""
    last = payment.identifier[-SHOWN_DIGITS:]
    if payment.id_type == PayeeType.MSISDN:
        return f"•• •• {last[:2]} {last[2:]}".replace(" ", NO_BREAK)
    if payment.id_type == PayeeType.EMAIL:
        return f"{payment.identifier[:1]}•••@{payment.identifier.partition('@')[2]}"
    return f"••••{NO_BREAK}{last}"


def who(payment: PaymentRow) -> str:
    """Return whom a payment is for: the name of the file, else the one the switch knows, else the masked number."""
    return payment.name or payment.name_found or masked(payment)


def payment_path(payment: PaymentRow) -> str:
    """Return where one payment has its page."""
    return f"{BATCH.format(payment.bulk_id)}/paiements/{payment.shown_id}"


def payments(number: int) -> str:
    """Return `1 paiement`, `412 paiements`."""
    return counted(number, t("{count} paiement"), t("{count} paiements"))


def lines(number: int) -> str:
    """Return `1 ligne`, `9 988 lignes`."""
    return counted(number, t("{count} ligne"), t("{count} lignes"))


def going_on(number: int) -> str:
    """Return what the button says that leaves the wrong rows of a file out."""
    return counted(number, t("Continuer avec {count} ligne valable"), t("Continuer avec les {count} lignes valables"))


def amount(batch: BatchRow, minor: int) -> str:
    """Return an amount of a batch, in words for a sentence or a cell."""
    return money(batch.money(minor))


def sum_text(batch: BatchRow, total: Sum) -> str:
    """Return `412 paiements, 25 610 000 F CFA`."""
    return f"{payments(total.count)}, {amount(batch, total.amount_minor)}"


def signed(value: Money) -> str:
    """Return a difference with its sign."""
    return f"+{money(value)}" if value.minor > 0 else money(value)


def list_text(parts: Sequence[str]) -> str:
    """Return the parts that are there, with commas."""
    return ", ".join(part for part in parts if part)
