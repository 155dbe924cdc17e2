"""What was found in a file, as answers and the file's row hold it; amounts in minor units."""

from typing import Any

from services.pensions.files import FileRules, Findings, Sum
from services.pensions.files.sentences import fault_sentence
from services.pensions.files.totals import Sums


def errors_of(found: Findings, rules: FileRules) -> tuple[dict[str, Any], ...]:
    """Return the first wrong cells, each with what to do about it in the reader's language."""
    shown = found.first_errors.select("line", "column", "code", "detail", "value", "see")
    return tuple(
        {
            "line": line,
            "column": column,
            "code": code,
            "value": value,
            "message": fault_sentence(code, detail, value, see, rules),
            "see": see or None,
        }
        for line, column, code, detail, value, see in shown.iter_rows()
    )


def totals_of(found: Findings, paid_before: int) -> dict[str, Any]:
    """Return the totals of the rows that go on, and how many were paid before."""
    totals = found.totals
    return {
        "by_type": _sums(totals.by_type),
        "by_purpose": _sums(totals.by_purpose),
        "biggest": [
            {
                "line": row.line,
                "id_type": row.id_type,
                "identifier": row.identifier,
                "name": row.name or "",
                "amount": row.amount_minor,
            }
            for row in totals.biggest
        ],
        "repaired": totals.repaired,
        "unknown_range": totals.unknown_range,
        "same_person": totals.same_person,
        "earlier": paid_before,
    }


def _sums(sums: Sums) -> dict[str, dict[str, int]]:
    return {name: _sum(one) for name, one in sums.items()}


def _sum(one: Sum) -> dict[str, int]:
    return {"count": one.count, "amount": one.amount_minor}
