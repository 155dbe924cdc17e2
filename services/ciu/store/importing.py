"""Registers begun elsewhere: their codes are kept as nobody's yet, until a person whose answers make one claims it."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_one
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


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken, by its line in the file, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; in a rehearsal nothing was kept."""

    taken: int
    refused: tuple[RefusedRow, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A code of another register; `phone` and `input_hash` where it has them."""

    code: str
    created_at: datetime
    phone: str = ""
    input_hash: str | None = None


def import_records(session: Session, actor: Actor, programme: Programme, text: str) -> Imported:
    """Keep the records of a CSV file (`uic_code, phone_number, created_at[, input_hash]`) as unclaimed ones."""
    actor.require(Permission.CIU_ADMINISTER)
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise InvalidInput({"file": t("colonnes absentes : {names}").format(names=", ".join(missing))})
    taken, refused = 0, []
    for record in reader:
        try:
            keep_row(session, programme, _read(record), RecordSource.IMPORT)
            taken += 1
        except ValueError as error:
            refused.append(RefusedRow(reader.line_num, str(error)))
    audit.record(session, actor, "ciu.import", "ciu_programme", programme.id, f"{taken} / {len(refused)}")
    return Imported(taken, tuple(refused))


def _read(record: dict[str, str | None]) -> Row:
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
    return Row(code, created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC), phone, digest or None)


def keep_row(session: Session, programme: Programme, row: Row, source: RecordSource) -> UUID:
    """Keep a code as nobody's yet and return its record; raise `ValueError` when it is somebody's, or was."""
    identity_id = _address(session, row.phone) if row.phone else None
    record_id = ids.new_id()
    kept = driver(session).execute(
        """
        insert into ciu_record (id, created_at, code, programme_id, first_identity_id, ordinal, language, source,
            input_hash, is_test)
        select %(id)s, %(at)s, %(code)s, %(programme)s, %(identity)s, 1, '', %(source)s, %(hash)s, false
        where not exists (select from ciu_reserved_code where digest = any(%(reserved)s))
        on conflict (code, is_test) do nothing
        """,
        {
            "id": record_id,
            "at": row.created_at,
            "code": row.code,
            "programme": programme.id,
            "identity": identity_id,
            "source": source,
            "hash": row.input_hash,
            "reserved": [*get_ciu_keys().code_digests(row.code).values()],
        },
    )
    if not kept.rowcount:
        raise ValueError(t("code déjà connu"))
    if identity_id is not None:
        driver(session).execute(
            """
            insert into ciu_record_identity (id, created_at, record_id, identity_id, is_origin, last_at, times)
            values (%s, %s, %s, %s, false, %s, 1)
            """,
            (ids.new_id(), row.created_at, record_id, identity_id, row.created_at),
        )
    return record_id


def _address(session: Session, phone: str) -> object:
    """Return the identity of a number, made now if nobody wrote from there yet."""
    keys, identity = get_ciu_keys(), read_identity(phone)
    assert identity is not None  # noqa: S101  # `_read` has seen it
    lookups = [*keys.lookups(str(identity)).values()]
    known = fetch_one(session, "select id from ciu_identity where lookup = any(%s)", (lookups,))
    if known is not None:
        return known["id"]
    identity_id = ids.new_id()
    driver(session).execute(
        """
        insert into ciu_identity (id, created_at, kind, value, value_enc, lookup, lookup_version, tail, language,
            last_inbound_at, minute_at, minute_count, is_test)
        values (%(id)s, %(now)s, %(kind)s, %(value)s, %(value_enc)s, %(lookup)s, %(version)s, %(tail)s, '', %(now)s,
            %(now)s, 0, %(is_test)s)
        """,
        {"id": identity_id, "now": clock.now(), **columns_of(keys, identity, keys.oldest)},
    )
    return identity_id
