"""A caisse, its neighbour, and a batch of the month in which everything that can happen happened."""

import pytest

from core.database import Database
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from tests.builders import pension_batches, pensions
from tests.builders.pension_batches import Pay, paid, some
from tests.builders.pensions import PensionWorld


@pytest.fixture
def world(database: Database) -> PensionWorld:
    """Give both caisses, each with ten million francs."""
    return pensions.build(database, funds_minor=1_000_000)


@pytest.fixture
def batch(database: Database, world: PensionWorld) -> PensionBatch:
    """Give a batch that ended: three paid (one with a fee), one refused, one cancelled."""
    lines = [
        *paid(2),
        Pay(name="Séraphine Houénou", name_verdict="close", identifier="+2290197000003", fee_minor=100),
        *some(PaymentStage.FAILED, code="5200", reason="payee_limit", name="Koffi Mensah", is_retryable=True),
        *some(PaymentStage.CANCELLED, first=60_000, name=""),
    ]
    return pension_batches.put(database, world.own, lines, BatchStage.PARTIALLY_COMPLETED)


@pytest.fixture
def running(database: Database, world: PensionWorld) -> PensionBatch:
    """Give a batch under way: one paid, one in doubt, one held, one waiting, one at the switch."""
    lines = [
        *paid(1),
        *some(PaymentStage.UNKNOWN, reason="no_answer"),
        *some(PaymentStage.HELD, first=60_000, code="name_different", name_verdict="different"),
        *some(PaymentStage.WAITING, first=61_000),
        *some(PaymentStage.SENT, first=62_000),
    ]
    return pension_batches.put(database, world.own, lines, BatchStage.PROCESSING)
