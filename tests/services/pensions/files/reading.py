"""Reading a file twice: as the house does, and line by line with `csv` and two lists, as anybody would."""

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from core.money import Currency
from services.pensions.files import CLEAN_SCHEMA, FAULT_SCHEMA, Examination, FileRules, Findings, receive
from services.pensions.files.header import read_header
from services.pensions.files.rows import Row, check_line

Told = tuple[int, str, str, str | None, str | None]  # line, column, code, detail, what to look at

BENIN = FileRules("BJ", Currency.XOF)


@dataclass(frozen=True)
class Read:
    """Accepted rows and faults, as plain dictionaries, and the findings."""

    clean: list[dict[str, Any]]
    faults: list[dict[str, Any]]
    findings: Findings

    def codes(self) -> list[tuple[int, str, str]]:
        return [(fault["line"], fault["column"], fault["code"]) for fault in self.faults]


def read(content: bytes | str, folder: Path, rules: FileRules = BENIN, chunk_bytes: int = 1 << 20) -> Read:
    """Receive and examine a file as the upload does."""
    content = content.encode() if isinstance(content, str) else content
    chunks = (content[start : start + chunk_bytes] for start in range(0, len(content), chunk_bytes))
    examination = Examination(receive(chunks, folder / "file.csv"), rules)
    slices = list(examination.slices())
    clean = pl.concat([pl.DataFrame(schema=CLEAN_SCHEMA), *(piece.clean for piece in slices)])
    faults = pl.concat([pl.DataFrame(schema=FAULT_SCHEMA), *(piece.faults for piece in slices)])
    return Read(clean.to_dicts(), faults.to_dicts(), examination.findings())


@dataclass(frozen=True)
class Expected:
    """What a plain reading says."""

    clean: list[dict[str, Any]]
    faults: list[Told]
    content_sha256: str


def read_plainly(content: str, rules: FileRules = BENIN) -> Expected:
    """Read the lines one after the other, and remember who was met."""
    lines = re.split("\r\n|\n|\r", content)
    header, rows = None, []
    for number, line in enumerate(lines, 1):
        if header is None:
            if line.strip():
                header = read_header(line, number)
        elif (row := check_line(line, number, header, rules)) is not None:
            rows.append(row)
    assert header is not None
    order = list(header.layout.columns.values())
    met: dict[tuple[str, str, str], list[int]] = {}
    ids: set[str] = set()
    clean, faults = [], []
    for row in rows:
        found: list[Told] = [(row.line, fault.column, fault.code, fault.detail, None) for fault in row.faults]
        earlier = met.get(row.payee, []) if row.payee is not None else []
        if earlier and not rules.allows_same_person:
            found.append((row.line, _identifier(order), "duplicate_in_file", None, str(earlier[0])))
        if row.transfer_id is not None and row.transfer_id in ids:
            found.append((row.line, "transferId", "duplicate_transfer_id", None, None))
        faults += found
        if not found:
            assert row.payee is not None
            met.setdefault(row.payee, []).append(row.line)
            ids |= {row.transfer_id} if row.transfer_id is not None else set()
            clean.append(_clean(row, len(met[row.payee])))
    return Expected(clean, sorted(faults, key=_place), content_hash(clean, rules.currency))


def _identifier(order: Sequence[str]) -> str:
    return "valeur_id" if "valeur_id" in order else "partyIdentifier"


def _place(fault: Told) -> tuple[int, str]:
    return fault[0], fault[1]


def placed(faults: Sequence[dict[str, Any]]) -> list[Told]:
    """Return faults in the form of a plain reading."""
    told = [(one["line"], one["column"], one["code"], one["detail"], one["see"]) for one in faults]
    return sorted(told, key=_place)


def _clean(row: Row, occurrence: int) -> dict[str, Any]:
    assert row.id_type is not None
    assert row.identifier is not None
    return {
        "line": row.line,
        "id_type": row.id_type.value,
        "identifier": row.identifier.value,
        "identifier_raw": row.identifier_raw,
        "amount_minor": row.amount_minor,
        "purpose": row.purpose,
        "name": row.name,
        "file_transfer_id": row.transfer_id,
        "is_repaired": row.identifier.is_repaired,
        "is_unknown_range": row.identifier.is_unknown_range,
        "occurrence": occurrence,
    }


def content_hash(clean: Sequence[dict[str, Any]], currency: Currency) -> str:
    """Return the hash of what is paid, as the document of the format writes it."""
    lines = sorted(
        f"{row['id_type']}\t{row['identifier']}\t{row['purpose']}\t{currency}\t{row['amount_minor']}\n" for row in clean
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def written(rows: Sequence[Sequence[str]], separator: str = ",", end: str = "\n") -> str:
    """Write rows as a spreadsheet does, with quotes where they are needed."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator=end).writerows(rows)
    return buffer.getvalue()
