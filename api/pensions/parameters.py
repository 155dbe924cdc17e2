"""What stands in the addresses and queries of batches: checked here, so that a verb gets what a row could hold."""

import re
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator, Field

from core.errors import Forbidden, Refusal
from core.i18n import t
from core.orders import Order, Text
from core.permissions import Actor, Permission
from models.pension_stages import BatchStage, PaymentStage
from services.pensions.payment_reading import PaymentNotFound
from services.pensions.refusals import BatchNotFound
from services.pensions.stages import PAYMENT_STATUSES, stages_of

LARGEST_OFFSET = 10_000_000
LARGEST_AMOUNT = 10**15
FIRST_YEAR, LAST_YEAR = 1970, 2200

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CYCLE = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


class Reason(Order):
    """Why something is done that others will ask about."""

    reason: str = Field(min_length=3, max_length=500)


class BadParameter(Refusal):
    """A value of a query or of a form is not one of those it may have; `parameter` names it."""

    code = "bad_parameter"
    sentence = "Valeur invalide pour « {parameter} »."


def batch_name(bulk_id: str) -> str:
    """Return the name of a batch; what cannot be one is unknown like any other."""
    if not _NAME.fullmatch(bulk_id):
        raise BatchNotFound
    return bulk_id


def payment_name(transfer_id: str) -> str:
    """Return the name of a payment; what cannot be one is unknown like any other."""
    if not _NAME.fullmatch(transfer_id):
        raise PaymentNotFound
    return transfer_id


def require_reader(actor: Actor) -> None:
    """Refuse a list to who reads no organisation's pensions at all."""
    actor.require(Permission.PENSIONS_READ)


def require_manager(actor: Actor) -> None:
    """Refuse what only managers do to who is one nowhere."""
    if not actor.may(Permission.PENSIONS_WRITE):
        raise Forbidden(required=Permission.PENSIONS_WRITE.value)


def batch_stages(word: str) -> tuple[BatchStage, ...]:
    """Return the stages that a documented state, or a stage, stands for; none for an empty word."""
    stages = stages_of(word.upper())
    if word and not stages:
        raise BadParameter(parameter="state")
    return stages


def payment_stages(status: str, stage: str) -> frozenset[PaymentStage]:
    """Return the stages that are of a documented status and are this stage; all where neither is said."""
    stages = frozenset(PaymentStage)
    if status:
        stages = frozenset(one for one, word in PAYMENT_STATUSES.items() if word == status.upper())
        if not stages:
            raise BadParameter(parameter="status")
    if stage:
        if stage.upper() not in PaymentStage.__members__:
            raise BadParameter(parameter="stage")
        stages &= {PaymentStage(stage.upper())}
    return stages


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError(t("date attendue : AAAA-MM-JJ"))
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(t("date attendue : AAAA-MM-JJ")) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(t("valeur hors des bornes"))
    return day


def _cycle(text: str) -> str:
    if text and not _CYCLE.fullmatch(text):
        raise ValueError(t("cycle attendu : AAAA-MM"))
    return text


def _word(text: str) -> str:
    if text and not _NAME.fullmatch(text):
        raise ValueError(t("valeur inconnue"))
    return text


Day = Annotated[date, BeforeValidator(_day), Query()]
Cycle = Annotated[str, AfterValidator(_cycle), Query()]
Word = Annotated[str, AfterValidator(_word), Query()]
Sought = Annotated[Text, Query(max_length=200)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]
PageSize = Annotated[int, Query(ge=1, le=5_000)]
Line = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]
Amount = Annotated[int, Query(ge=0, le=LARGEST_AMOUNT)]
