"""What the first page of a batch report says, for the workbook and for paper alike."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core import formats, i18n
from core.i18n import t
from models.pension_stages import BatchStage
from reports.pensions import words
from reports.pensions.source import Act, BatchHead

NOT_BEGUN = (BatchStage.DRAFT, BatchStage.AWAITING_APPROVAL, BatchStage.QUEUED)
RAILS = {"mojaloop": "Mojaloop", "mobile_money": "Mobile money"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the head; `is_code` when it is read letter by letter (a hash, a seal)."""

    label: str
    value: str
    is_code: bool = False


def title(head: BatchHead) -> str:
    """Return what the paper is called."""
    return t("Rapport du lot {bulk_id}").format(bulk_id=head.bulk_id)


def subtitle(head: BatchHead) -> str:
    """Return whose pensions of which month they are."""
    return t("Pensions de {cycle}").format(cycle=words.cycle_of(head.cycle))


def running(head: BatchHead) -> str:
    """Return the sentence of a batch that has not ended; nothing when it has."""
    if head.stage in NOT_BEGUN:
        return t("Ce lot n'a pas commencé : rien n'a été envoyé.")
    if not head.is_running:
        return ""
    return t("Lot en cours : ces chiffres sont ceux du {moment} et changeront encore.").format(
        moment=moment(head, head.read_at)
    )


def success(head: BatchHead) -> str:
    """Return the share of payments that were made, with what it is counted from."""
    rate = head.success
    if rate.value is None:
        return t("sans objet")
    figure = f"{100 * rate.value:.2f}".replace(".", formats.separators(i18n.language.get()).decimal)
    return t("{rate} % ({made} sur {all})").format(
        rate=figure, made=formats.count(rate.numerator), all=formats.count(rate.denominator)
    )


def moment(head: BatchHead, at: datetime | None) -> str:
    """Return an instant as the organisation's clocks show it, to the second; a dash where there is none."""
    if at is None:
        return "–"
    local = at.astimezone(ZoneInfo(head.zone))
    return f"{formats.day(local.date())}, {local:%H:%M:%S}"


def signed(head: BatchHead, act: Act) -> str:
    """Return who did an act and when; a dash where nobody did."""
    return f"{act.name}, {moment(head, act.at)}" if act.name else "–"


def of_batch(head: BatchHead) -> list[Fact]:
    """Return what the batch is."""
    found = [
        Fact(t("Organisation"), f"{head.organisation_name} ({head.organisation_code})"),
        Fact(t("Lot"), head.bulk_id),
        Fact(t("Mois payé"), words.cycle_of(head.cycle)),
        Fact(t("Compte payeur"), f"{head.account_id}, {RAILS.get(head.rail, head.rail)}"),
        Fact(t("État"), words.batch_stage(head.stage)),
    ]
    if head.retry_of:
        found.append(Fact(t("Reprend les échecs de"), head.retry_of))
    if head.end_reason:
        found.append(Fact(t("Motif"), head.end_reason))
    return found


def of_course(head: BatchHead) -> list[Fact]:
    """Return who did what, and when it was done."""
    return [
        Fact(t("Déposé par"), signed(head, head.uploaded)),
        Fact(t("Confirmé par"), signed(head, head.confirmed)),
        Fact(t("Approuvé par"), signed(head, head.approved)),
        Fact(t("Premier envoi"), moment(head, head.started_at)),
        Fact(t("Terminé"), moment(head, head.completed_at)),
    ]


def of_proof(head: BatchHead) -> list[Fact]:
    """Return what the figures can be checked against."""
    entry = t("écriture n° {number}, lue le {moment}").format(
        number=formats.count(head.ledger_entry), moment=moment(head, head.read_at)
    )
    return [
        Fact(t("Fichier"), head.file_name or "–"),
        Fact(t("Empreinte du fichier"), f"sha256:{head.file_sha256}" if head.file_sha256 else "–", is_code=True),
        Fact(t("Sceau du lot"), head.seal or "–", is_code=True),
        Fact(t("Grand livre"), entry),
        Fact(t("Fuseau horaire"), head.zone),
    ]
