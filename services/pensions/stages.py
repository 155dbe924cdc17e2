"""What the documented API calls the steps of batches and payments (specification, D.2 and D.3)."""

from models.pension_stages import BatchStage, PaymentStage

BATCH_STATES: dict[BatchStage, str] = {
    BatchStage.DRAFT: "PENDING",
    BatchStage.AWAITING_APPROVAL: "PENDING",
    BatchStage.QUEUED: "PENDING",
    BatchStage.PROCESSING: "PROCESSING",
    BatchStage.PAUSED: "PROCESSING",
    BatchStage.CANCELLING: "PROCESSING",
    BatchStage.COMPLETED: "COMPLETED",
    BatchStage.PARTIALLY_COMPLETED: "COMPLETED",
    BatchStage.FAILED: "FAILED",
    BatchStage.CANCELLED: "FAILED",
    BatchStage.REJECTED: "FAILED",
    BatchStage.EXPIRED: "FAILED",
}

PAYMENT_STATUSES: dict[PaymentStage, str] = {
    PaymentStage.WAITING: "PENDING",
    PaymentStage.HELD: "PENDING",
    PaymentStage.SENDING: "PROCESSING",
    PaymentStage.SENT: "PROCESSING",
    PaymentStage.UNKNOWN: "PROCESSING",
    PaymentStage.COMPLETED: "COMPLETED",
    PaymentStage.FAILED: "FAILED",
    PaymentStage.CANCELLED: "FAILED",
    PaymentStage.REVERSED: "FAILED",
}

STAGE_WORDS: dict[BatchStage, str] = {
    BatchStage.DRAFT: "Brouillon",
    BatchStage.AWAITING_APPROVAL: "À approuver",
    BatchStage.QUEUED: "En file",
    BatchStage.PROCESSING: "En cours",
    BatchStage.PAUSED: "En pause",
    BatchStage.CANCELLING: "Annulation en cours",
    BatchStage.COMPLETED: "Terminé",
    BatchStage.PARTIALLY_COMPLETED: "Terminé avec des échecs",
    BatchStage.FAILED: "Échoué",
    BatchStage.CANCELLED: "Annulé",
    BatchStage.REJECTED: "Refusé",
    BatchStage.EXPIRED: "Périmé",
}

BEFORE_SENDING = (BatchStage.DRAFT, BatchStage.AWAITING_APPROVAL, BatchStage.QUEUED)
AT_WORK = (BatchStage.PROCESSING, BatchStage.PAUSED, BatchStage.CANCELLING)


def stages_of(word: str) -> tuple[BatchStage, ...]:
    """Return the stages a filter's word names: a documented state, or a stage itself; none when it is neither."""
    if word in BatchStage.__members__ and word not in BATCH_STATES.values():
        return (BatchStage(word),)
    return tuple(stage for stage, state in BATCH_STATES.items() if state == word)
