"""The hub behind the fake adapter: one state per transfer, no transfer twice, a position that is prefunded."""

import hashlib
import json
import threading
from typing import TYPE_CHECKING

from core.money import Money
from providers.amounts import parse_amount
from providers.answers import SeenState
from providers.fakes.behaviour import Story
from providers.fakes.mojaloop_papers import FSPS, Record, ulid
from providers.fakes.payment import Payment

if TYPE_CHECKING:
    from providers.fakes.base import Fake
    from providers.fakes.kernel import Kernel

POSITION_MINOR = 10**12
MODIFIED, NO_LIQUIDITY = "3106", "4001"
WORDS = {
    SeenState.PENDING: "RESERVED",
    SeenState.SUCCEEDED: "COMMITTED",
    SeenState.FAILED: "ABORTED",
}


class Hub:
    """What the switch knows. A movement is written in the book when a transfer is committed, and never twice."""

    def __init__(self, fake: "Fake", kernel: "Kernel") -> None:
        self._fake = fake
        self._kernel = kernel
        self._lock = threading.Lock()
        self._spent_minor = 0

    def reset(self) -> None:
        """Fund the position anew; the kernel has forgotten the transfers already."""
        with self._lock:
            self._spent_minor = 0

    def find(self, transfer_id: str) -> Payment | None:
        """Return a transfer by its id."""
        return self._kernel.find(self._fake.name, transfer_id)

    def prepare(self, record: Record) -> str:
        """Take a transfer; return the code of a refusal, or nothing. The same bytes again change nothing."""
        digest = hashlib.sha256(json.dumps([record.quote, record.request], sort_keys=True).encode()).hexdigest()
        with self._lock:
            known = self.find(record.transfer_id)
            if known is not None:
                return "" if known.document["digest"] == digest else MODIFIED
            payment = self._open(record, digest)
            cost_minor = record.amount.minor + record.tale.fee_minor
            is_covered = self._spent_minor + cost_minor <= self._position_minor()
            self._spent_minor += cost_minor if is_covered else 0
        if not is_covered:
            self._kernel.end(payment, SeenState.FAILED)
            return NO_LIQUIDITY
        if record.tale.ends_after_s:
            self._kernel.later(record.tale.ends_after_s, lambda: self._end(payment, record, cost_minor))
        else:
            self._end(payment, record, cost_minor)
        return ""

    def _open(self, record: Record, digest: str) -> Payment:
        received = record.quote["payeeReceiveAmount"]
        payment = Payment(
            fake=self._fake,
            operation="payout",
            id=record.transfer_id,
            reference=record.home_id,
            party=record.payee,
            asked=record.amount,
            amount=parse_amount(received["amount"], received["currency"]) or record.amount,
            story=Story(code=record.tale.code),
            opened_at=self._kernel.now(),
            provider_ref=ulid(f"hub:{record.transfer_id}"),
            fee=Money(record.tale.fee_minor, record.amount.currency),
            document={"digest": digest, "fulfilment": record.fulfilment, "fsp_id": FSPS[0]},
        )
        self._kernel.keep(payment)
        return payment

    def _end(self, payment: Payment, record: Record, cost_minor: int) -> None:
        match record.tale.ending:
            case "commits":
                self._kernel.succeed(payment)
            case "aborts" | "expires" as ending:
                state = SeenState.FAILED if ending == "aborts" else SeenState.EXPIRED
                self._kernel.end(payment, state)
                with self._lock:
                    self._spent_minor -= cost_minor

    def _position_minor(self) -> int:
        settings = self._kernel.secrets.get(self._fake.name, {})
        return int(settings.get("position", POSITION_MINOR))
