"""The queue of what nobody knows: unknown transfers and open cases, their proofs, and how a person settles them.

Nothing in it can be dismissed: an unknown ends by its provider or by a proof, a case by a word and, where money waits,
by moving it. Open `settling.py` first, then `cases.py`.
"""

from services.unknowns.cases import CaseOutcome, CloseCase, Closing, close_case
from services.unknowns.proofs import (
    BEGINNINGS,
    LARGEST_PROOF_BYTES,
    AttachProof,
    ProofFile,
    ProofRow,
    attach_proof,
    get_proof,
    list_proofs,
)
from services.unknowns.reads import (
    CaseRow,
    CaseSearch,
    QueueCounts,
    QueueSearch,
    UnknownRow,
    count_queue,
    get_case,
    get_unknown,
    list_cases,
    list_unknowns,
)
from services.unknowns.refusals import (
    CaseClosed,
    MoneyInSuspense,
    NotCreditable,
    NothingInSuspense,
    NotUnknown,
    ProofNeeded,
    ProofTooLarge,
    ProofUnreadable,
    TooManyProofs,
    TransferStillOpen,
)
from services.unknowns.settling import Settlement, SettleUnknown, settle

__all__ = [
    "BEGINNINGS",
    "LARGEST_PROOF_BYTES",
    "AttachProof",
    "CaseClosed",
    "CaseOutcome",
    "CaseRow",
    "CaseSearch",
    "CloseCase",
    "Closing",
    "MoneyInSuspense",
    "NotCreditable",
    "NotUnknown",
    "NothingInSuspense",
    "ProofFile",
    "ProofNeeded",
    "ProofRow",
    "ProofTooLarge",
    "ProofUnreadable",
    "QueueCounts",
    "QueueSearch",
    "SettleUnknown",
    "Settlement",
    "TooManyProofs",
    "TransferStillOpen",
    "UnknownRow",
    "attach_proof",
    "close_case",
    "count_queue",
    "get_case",
    "get_proof",
    "get_unknown",
    "list_cases",
    "list_proofs",
    "list_unknowns",
    "settle",
]
