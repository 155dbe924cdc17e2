"""The file of a batch: received, read, and examined row by row, before anything is paid.

`receive` writes it to disk and `Examination` goes through it once; nothing here touches the database.
"""

from services.pensions.files.examination import Examination
from services.pensions.files.findings import CheckedSlice, Findings
from services.pensions.files.frames import CLEAN_SCHEMA, FAULT_SCHEMA, copy_bytes
from services.pensions.files.reception import Encoding, ReceivedFile, receive
from services.pensions.files.rules import FileRules, IdType
from services.pensions.files.totals import BigRow, Sum, Totals

__all__ = [
    "CLEAN_SCHEMA",
    "FAULT_SCHEMA",
    "BigRow",
    "CheckedSlice",
    "Encoding",
    "Examination",
    "FileRules",
    "Findings",
    "IdType",
    "ReceivedFile",
    "Sum",
    "Totals",
    "copy_bytes",
    "receive",
]
