"""Pensions on paper and in files: what a batch became, what proves a payment, figures for the console.

Open `batch.py` first.
"""

from reports.pensions.batch import FormatUnknown, batch_report
from reports.pensions.documents import Document
from reports.pensions.receipt_paper import receipt_pdf
from reports.pensions.receipts import NotPaid, PaymentNotFound, is_authentic, receipt
from reports.pensions.source import BatchNotFound
from reports.pensions.verification import verify

__all__ = [
    "BatchNotFound",
    "Document",
    "FormatUnknown",
    "NotPaid",
    "PaymentNotFound",
    "batch_report",
    "is_authentic",
    "receipt",
    "receipt_pdf",
    "verify",
]
