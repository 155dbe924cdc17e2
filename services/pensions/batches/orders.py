"""What the verbs of batches are asked, and what they answer with."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, field_validator

from core.orders import Order
from models.pension_stages import Rail
from services.pensions.shapes import BatchRow, FileRow

OnErrorWord = Literal["refuse", "split"]
LARGEST_TOTAL_MINOR = 10**18


class Asked(Order):
    """What a sender says beside a file or a draft; control totals are those of the rows that go on."""

    on_error: OnErrorWord = "refuse"
    expected_count: int | None = Field(default=None, ge=0, le=10**9)
    expected_total: int | None = Field(default=None, ge=0, le=LARGEST_TOTAL_MINOR)
    not_before: datetime | None = None


class UploadBatch(Asked):
    """A file to pay; an empty `payer_account` is the default one, an empty `cycle` the present month."""

    organisation_id: UUID
    file_name: str
    payer_account: str = ""
    cycle: str = ""
    allow_same_person: bool = False
    rail: Rail | None = None

    @field_validator("file_name")
    @classmethod
    def _bare(cls, name: str) -> str:
        bare = re.split(r"[/\\]", name)[-1]
        return re.sub(r"[\x00-\x1f\x7f]", "", bare).strip()[:200] or "pensions.csv"


class ConfirmBatch(Asked):
    """A draft goes on; `accept_duplicates` are the lines of people who are paid again in the cycle, one by one."""

    bulk_id: str
    accept_duplicates: tuple[int, ...] = ()


class ApproveBatch(Order):
    """The second person agrees to what he read: the rows under this seal."""

    bulk_id: str
    seal: str


class RejectBatch(Order):
    """The second person says no."""

    bulk_id: str
    reason: str = Field(min_length=3, max_length=500)


class CancelBatch(Order):
    """What has not left shall not leave."""

    bulk_id: str
    reason: str = Field(default="", max_length=500)


class PauseBatch(Order):
    """Nothing new leaves until somebody resumes."""

    bulk_id: str
    reason: str = Field(default="", max_length=500)


class ResumeBatch(Order):
    """A paused batch goes on."""

    bulk_id: str
    reason: str = Field(default="", max_length=500)


class RetryBatch(Order):
    """Failed payments of an ended batch, as a new draft: those named, or all that another try may mend."""

    bulk_id: str
    transfer_ids: tuple[str, ...] | None = None
    rail: Rail | None = None


@dataclass(frozen=True, slots=True)
class FileWarning:
    """Something the sender should know of a file that is taken all the same."""

    code: str
    message: str
    count: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as answers and the file's row hold it."""
        return {"code": self.code, **({} if self.count is None else {"count": self.count})}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file became a batch that goes on; `skipped` rows were left out."""

    batch: BatchRow
    warnings: tuple[FileWarning, ...]
    skipped: int


@dataclass(frozen=True, slots=True)
class Previewed:
    """A file became a draft; `errors` are the first wrong cells of `errors_count`."""

    batch: BatchRow
    file: FileRow
    errors: tuple[dict[str, Any], ...]
    errors_count: int
    totals: dict[str, Any]
    warnings: tuple[FileWarning, ...]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancellation left: so many payments had left already, and are followed to their end."""

    batch: BatchRow
    already_sent: int
