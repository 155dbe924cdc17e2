"""Which buttons a person finds on a batch: the policy's own rules, at the steps where each act has a meaning.

They only draw. Every verb judges again, with the rights the database holds then.
"""

from core.errors import Refusal
from core.permissions import Actor, Permission
from models.pension_stages import BatchStage, PaymentStage
from services.pensions.policy import RULES, Act, Case
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow, PaymentRow
from services.pensions.stages import BEFORE_SENDING

STAGES: dict[Act, tuple[BatchStage, ...]] = {
    Act.CONFIRM: (BatchStage.DRAFT,),
    Act.APPROVE: (BatchStage.AWAITING_APPROVAL,),
    Act.REJECT: (BatchStage.AWAITING_APPROVAL,),
    Act.PAUSE: (BatchStage.QUEUED, BatchStage.PROCESSING),
    Act.RESUME: (BatchStage.PAUSED,),
    Act.CANCEL: (*BEFORE_SENDING, BatchStage.PROCESSING, BatchStage.PAUSED),
    Act.RETRY: (BatchStage.COMPLETED, BatchStage.PARTIALLY_COMPLETED, BatchStage.FAILED, BatchStage.CANCELLED),
}
OUT = (PaymentStage.SENDING, PaymentStage.SENT, PaymentStage.UNKNOWN)
PAYMENT_STAGES: dict[Act, tuple[PaymentStage, ...]] = {
    Act.RELEASE: (PaymentStage.HELD,),
    Act.REFUSE: (PaymentStage.HELD,),
    Act.INQUIRE: OUT,
    Act.SETTLE: (PaymentStage.UNKNOWN,),
}


def may_send(actor: Actor) -> bool:
    """Say whether a person may send a file for some organisation."""
    return actor.may(Permission.PENSIONS_WRITE)


def may(act: Act, actor: Actor, batch: BatchRow, settings: SettingsRow) -> bool:
    """Say whether a person may do an act on a batch at the step where it stands."""
    if batch.stage not in STAGES[act]:
        return False
    if act is Act.RETRY and not batch.sums[PaymentStage.FAILED].count:
        return False
    if act is Act.RESUME and batch.pause_reason == "seal_broken":
        return False
    return is_allowed(act, actor, batch, settings)


def may_pay(act: Act, actor: Actor, payment: PaymentRow, batch: BatchRow, settings: SettingsRow) -> bool:
    """Say whether a person may do an act on a payment at the step where it stands."""
    return payment.stage in PAYMENT_STAGES[act] and is_allowed(act, actor, batch, settings)


def is_allowed(act: Act, actor: Actor, batch: BatchRow, settings: SettingsRow) -> bool:
    """Say what the policy's rule of an act says, whatever the step."""
    try:
        return RULES[act](Case(actor, settings, batch))
    except Refusal:  # who uploaded does not approve
        return False
