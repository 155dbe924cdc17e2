"""Reconciliation: the provider's word against ours, every night, both ways (`docs/payments.md`, Reconciliation).

Open `comparing.py` first.
"""

from services.reconciliation.balances import record_balances
from services.reconciliation.comparing import Compared, compare
from services.reconciliation.days import ResolveItem, close_day, resolve
from services.reconciliation.fetching import compare_day, due_days
from services.reconciliation.paper import print_day
from services.reconciliation.reads import (
    DayRow,
    ItemRow,
    Suggestion,
    count_open_items,
    get_day,
    list_days,
    list_items,
    list_suggestions,
)
from services.reconciliation.refusals import (
    AlreadyResolved,
    ColumnsMissing,
    DayClosed,
    DayNotCompared,
    DayNotOver,
    DayStillOpen,
    LinesWrong,
    NotSealedYet,
    PensionsStillOpen,
    ResolutionNeeded,
    StatementKnown,
    StatementUnreadable,
)
from services.reconciliation.statements import (
    FIELDS,
    Imported,
    ImportStatement,
    Preview,
    Problem,
    import_statement,
    preview_statement,
)

__all__ = [
    "FIELDS",
    "AlreadyResolved",
    "ColumnsMissing",
    "Compared",
    "DayClosed",
    "DayNotCompared",
    "DayNotOver",
    "DayRow",
    "DayStillOpen",
    "ImportStatement",
    "Imported",
    "ItemRow",
    "LinesWrong",
    "NotSealedYet",
    "PensionsStillOpen",
    "Preview",
    "Problem",
    "ResolutionNeeded",
    "ResolveItem",
    "StatementKnown",
    "StatementUnreadable",
    "Suggestion",
    "close_day",
    "compare",
    "compare_day",
    "count_open_items",
    "due_days",
    "get_day",
    "import_statement",
    "list_days",
    "list_items",
    "list_suggestions",
    "preview_statement",
    "print_day",
    "record_balances",
    "resolve",
]
