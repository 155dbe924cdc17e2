"""DHIS2: where codes become tracked entities; `client.py` speaks its tracker API, 2.41 and later."""

from providers.dhis2.client import Dhis2, enrollment_of, entity_of
from providers.dhis2.shapes import (
    Check,
    Entity,
    ErrorReport,
    Found,
    Job,
    Known,
    Listed,
    Page,
    Place,
    Report,
    Trouble,
    TroubleKind,
)

__all__ = [
    "Check",
    "Dhis2",
    "Entity",
    "ErrorReport",
    "Found",
    "Job",
    "Known",
    "Listed",
    "Page",
    "Place",
    "Report",
    "Trouble",
    "TroubleKind",
    "enrollment_of",
    "entity_of",
]
