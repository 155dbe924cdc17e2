"""Batches: from a file to the queue, and every stop on the way (specification, A.4, A.6, B to D)."""

from services.pensions.batches.accepting import TotalTooLarge
from services.pensions.batches.confirming import LineNotPaidBefore, confirm
from services.pensions.batches.deciding import approve, reject
from services.pensions.batches.expiring import drop_originals, expire_next, void_next
from services.pensions.batches.gate import Busy
from services.pensions.batches.ground import BadCycle, NotBeforeInvalid
from services.pensions.batches.loading import payment_id, unpacked
from services.pensions.batches.orders import (
    ApproveBatch,
    CancelBatch,
    Cancelled,
    ConfirmBatch,
    FileWarning,
    PauseBatch,
    Previewed,
    RejectBatch,
    ResumeBatch,
    RetryBatch,
    UploadBatch,
    Uploaded,
)
from services.pensions.batches.receiving import preview, upload
from services.pensions.batches.retrying import retry
from services.pensions.batches.stopping import ReasonNeeded, SealBroken, cancel, pause, resume

__all__ = [
    "ApproveBatch",
    "BadCycle",
    "Busy",
    "CancelBatch",
    "Cancelled",
    "ConfirmBatch",
    "FileWarning",
    "LineNotPaidBefore",
    "NotBeforeInvalid",
    "PauseBatch",
    "Previewed",
    "ReasonNeeded",
    "RejectBatch",
    "ResumeBatch",
    "RetryBatch",
    "SealBroken",
    "TotalTooLarge",
    "UploadBatch",
    "Uploaded",
    "approve",
    "cancel",
    "confirm",
    "drop_originals",
    "expire_next",
    "pause",
    "payment_id",
    "preview",
    "reject",
    "resume",
    "retry",
    "unpacked",
    "upload",
    "void_next",
]
