"""Files as doors read them: what was read in one, and its wrong rows, to correct and send again."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency
from core.permissions import Actor, Permission
from services.pensions import settings
from services.pensions.files import FileRules
from services.pensions.files.sentences import fault_sentence
from services.pensions.shapes import FileErrorRow, FileRow, Signature

LARGEST_PAGE = 1_000

_FILE = """
select f.*, trim(u.first_name || ' ' || u.last_name) as uploader, b.bulk_id, a.currency
from pension_file f
join users u on u.id = f.uploaded_by
left join pension_batch b on b.file_id = f.id
left join pension_account a on a.id = b.account_id
where f.id = %s
"""
_ERRORS = 'select line, "column", code, detail, value, see, raw from pension_file_error where file_id = %(file)s'


class FileNotFound(NotFound):
    """No such file, or one of another organisation: the same words."""

    code = "not_found"
    sentence = "Fichier introuvable."


def get_file(session: Session, actor: Actor, file_id: UUID) -> FileRow:
    """Return a file to who may send one for its organisation."""
    return _row(_record(session, actor, file_id))


def list_file_errors(
    session: Session, actor: Actor, file_id: UUID, *, code: str = "", limit: int = LARGEST_PAGE, offset: int = 0
) -> tuple[list[FileErrorRow], int]:
    """Return a page of a file's wrong cells in line order, those of one code when it is named; and how many."""
    record = _record(session, actor, file_id)
    asked = {"file": file_id, "code": code, "limit": min(limit, LARGEST_PAGE), "offset": offset}
    counted = fetch_one(
        session,
        "select count(*) as total from pension_file_error"
        " where file_id = %(file)s and (%(code)s = '' or code = %(code)s)",
        asked,
    )
    rows = fetch_all(
        session,
        f"{_ERRORS} and (%(code)s = '' or code = %(code)s) order by line, number limit %(limit)s offset %(offset)s",
        asked,
    )
    rules = _rules(session, record)
    return [_error(row, rules) for row in rows], int(counted["total"]) if counted else 0


def each_file_error(session: Session, actor: Actor, file_id: UUID) -> Iterator[FileErrorRow]:
    """Give all of a file's wrong cells in line order, read as a stream."""
    rules = _rules(session, _record(session, actor, file_id))
    with driver(session).cursor(name="pension_file_errors") as cursor:
        cursor.execute(f"{_ERRORS} order by line, number", {"file": file_id})
        names = ("line", "column", "code", "detail", "value", "see", "raw")
        for values in cursor:
            yield _error(dict(zip(names, values, strict=True)), rules)


def count_by_code(session: Session, actor: Actor, file_id: UUID) -> dict[str, int]:
    """Return how often each fault stands in a file, the most frequent first."""
    _record(session, actor, file_id)
    rows = fetch_all(
        session,
        "select code, count(*) as times from pension_file_error where file_id = %s group by code order by 2 desc, 1",
        (file_id,),
    )
    return {row["code"]: row["times"] for row in rows}


def _record(session: Session, actor: Actor, file_id: UUID) -> dict[str, Any]:
    record = fetch_one(session, _FILE, (file_id,))
    if record is None or not actor.may(Permission.PENSIONS_READ, record["organisation_id"]):
        raise FileNotFound
    actor.require(Permission.PENSIONS_WRITE, record["organisation_id"])
    return record


def _rules(session: Session, record: dict[str, Any]) -> FileRules:
    kept = settings.find_settings(session, record["organisation_id"])
    return FileRules(
        country=kept.country,
        currency=Currency(record["currency"] or Currency.XOF),
        personal_id_length=kept.personal_id_length,
        id_types=frozenset(kept.id_types),
    )


def _error(row: dict[str, Any], rules: FileRules) -> FileErrorRow:
    message = fault_sentence(row["code"], row["detail"], row["value"], row["see"], rules)
    copied = ("line", "column", "code", "value", "see", "raw")
    return FileErrorRow(message=message, **{name: row[name] for name in copied})


def _row(record: dict[str, Any]) -> FileRow:
    copied = (
        *("id", "organisation_id", "name", "size_bytes", "encoding", "separator", "layout", "rows", "valid"),
        *("invalid", "verdict", "warnings", "totals", "bulk_id"),
    )
    content = record["content_sha256"]
    return FileRow(
        **{name: record[name] for name in copied},
        sha256=record["sha256"].hex(),
        content_sha256=content.hex() if content else "",
        uploaded_by=Signature(record["uploaded_by"], record["uploader"], record["created_at"]),
    )
