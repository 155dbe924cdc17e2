"""Registers begun elsewhere: their codes are kept as nobody's yet, until a person whose answers make one claims it."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import InvalidInput
from core.i18n import t
from core.permissions import Actor, Permission
from models.ciu import RecordSource
from services import audit
from services.ciu.identities import read_identity
from services.ciu.store.keys import get_ciu_keys
from services.ciu.store.people import columns_of
from services.ciu.store.programmes import Programme

COLUMNS = ("uic_code", "phone_number", "created_at")
LONGEST_CODE, HASH_LENGTH = 128, 64
BATCH = 100  # kept in one transaction: who writes at that moment waits for no more than these


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken, by its line in the file, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of rows, or would."""

    taken: int
    refused: tuple[RefusedRow, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A code of another register, by its line there; `phone` and `input_hash` where it has them."""

    line: int
    code: str
    created_at: datetime
    phone: str = ""
    input_hash: str | None = None


def read_register(text: str) -> tuple[list[Row], list[RefusedRow]]:
    """Return the rows of a CSV file (`uic_code, phone_number, created_at[, input_hash]`), and those unreadable."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InvalidInput({"file": t("colonnes absentes : {names}").format(names=", ".join(missing))})
    rows, refused = list[Row](), list[RefusedRow]()
    for record in reader:
        try:
            rows.append(_read(reader.line_num, record))
        except ValueError as error:
            refused.append(RefusedRow(reader.line_num, str(error)))
    return rows, refused


def batches_of(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Return rows in parts small enough for a transaction each."""
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def check_rows(session: Session, actor: Actor, rows: Sequence[Row]) -> Imported:
    """Say what would become of rows: this only reads, nobody who writes meanwhile waits for it."""
    actor.require(Permission.CIU_ADMINISTER)
    seen, refused = set[str](), list[RefusedRow]()
    for some in batches_of(rows):
        known = _list_known(session, [row.code for row in some])
        for row in some:
            if row.code in known or row.code in seen:
                refused.append(RefusedRow(row.line, t("code déjà connu")))
            seen.add(row.code)
    return Imported(len(rows) - len(refused), tuple(refused))


def import_rows(session: Session, actor: Actor, programme: Programme, rows: Sequence[Row]) -> Imported:
    """Keep rows as nobody's codes yet; give few at a time (`batches_of`), or people wait for the whole register."""
    actor.require(Permission.CIU_ADMINISTER)
    refused = list[RefusedRow]()
    for row in rows:
        try:
            keep_row(session, programme, row, RecordSource.IMPORT)
        except ValueError as error:
            refused.append(RefusedRow(row.line, str(error)))
    taken = len(rows) - len(refused)
    audit.record(session, actor, "ciu.import", "ciu_programme", programme.id, f"{taken} / {len(refused)}")
    return Imported(taken, tuple(refused))


def _read(line: int, record: dict[str, str | None]) -> Row:
    code, phone = (record["uic_code"] or "").strip().upper(), (record["phone_number"] or "").strip()
    digest = (record.get("input_hash") or "").strip().lower()
    if not code or len(code) > LONGEST_CODE:
        raise ValueError(t("code absent ou trop long"))
    if phone and read_identity(phone) is None:
        raise ValueError(t("numéro illisible"))
    if digest and (len(digest) != HASH_LENGTH or set(digest) - set("0123456789abcdef")):
        raise ValueError(t("empreinte illisible"))
    try:
        created_at = datetime.fromisoformat((record["created_at"] or "").strip())
    except ValueError as error:
        raise ValueError(t("date illisible")) from error
    created_at = created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC)
    return Row(line, code, created_at, phone, digest or None)


def keep_row(session: Session, programme: Programme, row: Row, source: RecordSource) -> UUID:
    """Keep a code as nobody's yet and return its record; raise `ValueError` when it is somebody's, or was.

    Its number is kept only once the code is: a refused row leaves nothing of anybody.
    """
    record_id = ids.new_id()
    kept = driver(session).execute(
        """
        insert into ciu_record (id, created_at, code, programme_id, ordinal, language, source, input_hash, is_test)
        select %(id)s, %(at)s, %(code)s, %(programme)s, 1, '', %(source)s, %(hash)s, false
        where not exists (select from ciu_reserved_code where digest = any(%(reserved)s))
        on conflict (code, is_test) do nothing
        """,
        {
            "id": record_id,
            "at": row.created_at,
            "code": row.code,
            "programme": programme.id,
            "source": source,
            "hash": row.input_hash,
            "reserved": [*get_ciu_keys().code_digests(row.code).values()],
        },
    )
    if not kept.rowcount:
        raise ValueError(t("code déjà connu"))
    if row.phone:
        _give(session, record_id, row)
    return record_id


def _give(session: Session, record_id: UUID, row: Row) -> None:
    """Note the number that a register gives beside a code."""
    identity_id = _address(session, row.phone)
    driver(session).execute("update ciu_record set first_identity_id = %s where id = %s", (identity_id, record_id))
    driver(session).execute(
        """
        insert into ciu_record_identity (id, created_at, record_id, identity_id, is_origin, last_at, times)
        values (%s, %s, %s, %s, false, %s, 1)
        """,
        (ids.new_id(), row.created_at, record_id, identity_id, row.created_at),
    )


def _list_known(session: Session, codes: Sequence[str]) -> set[str]:
    """Return the codes among these that are somebody's, or were."""
    keys = get_ciu_keys()
    reserved = {digest: code for code in codes for digest in keys.code_digests(code).values()}
    living = fetch_all(session, "select code from ciu_record where code = any(%s) and not is_test", ([*codes],))
    gone = fetch_all(session, "select digest from ciu_reserved_code where digest = any(%s)", ([*reserved],))
    return {row["code"] for row in living} | {reserved[bytes(row["digest"])] for row in gone}


def _address(session: Session, phone: str) -> object:
    """Return the identity of a number, made now if nobody wrote from there yet."""
    keys, identity = get_ciu_keys(), read_identity(phone)
    assert identity is not None  # noqa: S101  # `_read` has seen it
    lookups = [*keys.lookups(str(identity)).values()]
    known = fetch_one(session, _KNOWN, (lookups,))
    if known is not None:
        return known["id"]
    made = driver(session).execute(
        """
        insert into ciu_identity (id, created_at, kind, value, value_enc, lookup, lookup_version, tail, language,
            last_inbound_at, minute_at, minute_count, is_test)
        values (%(id)s, %(now)s, %(kind)s, %(value)s, %(value_enc)s, %(lookup)s, %(version)s, %(tail)s, '', %(now)s,
            %(now)s, 0, %(is_test)s)
        on conflict (lookup) do nothing returning id
        """,
        {"id": ids.new_id(), "now": clock.now(), **columns_of(keys, identity, keys.oldest)},
    )
    row = made.fetchone()  # none: he wrote to us at this very moment
    return row[0] if row else fetch_all(session, _KNOWN, (lookups,))[0]["id"]


_KNOWN = "select id from ciu_identity where lookup = any(%s)"
