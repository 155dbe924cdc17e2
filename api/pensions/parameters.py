"""What stands in the addresses and queries of batches: checked here, so that a verb gets what a row could hold."""

import re
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from core.errors import Forbidden, Refusal
from core.i18n import t
from core.orders import Text
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


def _stages(word: str) -> tuple[BatchStage, ...]:
    stages = stages_of(word.upper())
    if not stages:
        raise ValueError(t("valeur inconnue"))
    return stages


def _payment_stages(word: str) -> frozenset[PaymentStage]:
    known = frozenset(stage for stage, status in PAYMENT_STATUSES.items() if word.upper() in (status, stage))
    if not known:
        raise ValueError(t("valeur inconnue"))
    return known


def _payment_stage(word: str) -> frozenset[PaymentStage]:
    if word.upper() not in PaymentStage.__members__:
        raise ValueError(t("valeur inconnue"))
    return frozenset({PaymentStage(word.upper())})


def _word(text: str) -> str:
    if text and not _NAME.fullmatch(text):
        raise ValueError(t("valeur inconnue"))
    return text


Day = Annotated[str, AfterValidator(_day), Query()]
Cycle = Annotated[str, AfterValidator(_cycle), Query()]
Stages = Annotated[str, AfterValidator(_stages), Query()]
Statuses = Annotated[str, AfterValidator(_payment_stages), Query()]
ExactStage = Annotated[str, AfterValidator(_payment_stage), Query()]
Word = Annotated[str, AfterValidator(_word), Query()]
Sought = Annotated[Text, Query(max_length=200)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]
PageSize = Annotated[int, Query(ge=1, le=5_000)]
Line = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]
Amount = Annotated[int, Query(ge=0, le=LARGEST_AMOUNT)]
