"""Files of pensions and the verdict of each row, checked with the code that takes uploads."""

import base64
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from core.errors import Refusal
from core.money import Currency, Money
from services.pensions.files import CLEAN_SCHEMA, FAULT_SCHEMA, CheckedSlice, Examination, FileRules, Findings, receive
from services.pensions.files.header import Header
from services.pensions.files.judging import (
    Asked,
    EarlierBatch,
    OnError,
    judge,
    require_new_bytes,
    require_new_content,
)
from services.pensions.files.rules import Field

Case = Mapping[str, Any]

PENSION_FORM = "defaults"  # the part by which a file of this form is known
DEFAULT_CYCLE = "2025-12"

_ENDED = frozenset({"CANCELLED", "REJECTED", "EXPIRED", "FAILED"})  # they hold nobody's claim


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that was read to its end."""

    header: Header
    sha256: str
    slices: Sequence[CheckedSlice]
    findings: Findings
    warnings: tuple[str, ...]

    @property
    def clean(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=CLEAN_SCHEMA), *(piece.clean for piece in self.slices)])

    @property
    def faults(self) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=FAULT_SCHEMA), *(piece.faults for piece in self.slices)])


def check(vectors: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Give each case with its differences."""
    world = _World(vectors)
    for case in vectors["cases"]:
        yield case["id"], _differences(case["expect"], world.answer(case))


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    missing = object()
    return [
        f"{name}: {found.get(name)!r}, {value!r}"
        for name, value in expected.items()
        if found.get(name, missing) != value
    ]


class _World:
    """The organisation of the vectors, and the batches it had before."""

    def __init__(self, vectors: Mapping[str, Any]) -> None:
        self._defaults = vectors["defaults"]
        self._cases = {case["id"]: case for case in vectors["cases"]}

    def answer(self, case: Case) -> dict[str, Any]:
        """Return what an upload of this case is told, and what was found in the file."""
        form, settings = case.get("form", {}), self._defaults | case.get("settings", {})
        asked = Asked(
            cycle=form.get("cycle", DEFAULT_CYCLE),
            on_error=OnError(form.get("on_error", OnError.REFUSE)),
            expected_count=form.get("expected_count"),
            expected_total_minor=form.get("expected_total"),
        )
        told: dict[str, Any] = {}
        try:
            read = self._read(case, asked.cycle)
            own, batches = read.findings, [batch for batch, _ in self._earlier(case)]
            require_new_content(own, asked.cycle, batches)
            paid, faults = self._already_paid(case, read, asked.cycle)
            left = own.without(paid, faults)
            told = _told(read, left, paid, faults)
            available = Money(settings["available_minor"], left.currency)
            return told | {"http": 200, "code": None, "skipped": judge(left, asked, available, settings["account"])}
        except Refusal as refusal:
            bulk_id = {"bulkTransferId": refusal.data["bulk_id"]} if "bulk_id" in refusal.data else {}
            return told | refusal.data | bulk_id | {"http": refusal.status, "code": refusal.code}

    def _read(self, case: Case, cycle: str | None) -> _Read:
        """Read a file; its bytes are compared with earlier batches in `cycle`, if one is given."""
        given = case["input"]
        content = given["text"].encode() if "text" in given else base64.b64decode(given["base64"])
        with tempfile.TemporaryDirectory(prefix="palabre-vectors-") as folder:
            file = receive([content], Path(folder) / "file.csv")
            earlier = [batch for batch, _ in self._earlier(case)] if cycle else []
            warnings = require_new_bytes(file, cycle, earlier) if cycle else ()
            examination = Examination(file, self._rules(case))
            slices = list(examination.slices())
            return _Read(examination.header, file.sha256, slices, examination.findings(), warnings)

    def _rules(self, case: Case) -> FileRules:
        settings = self._defaults | case.get("settings", {})
        is_asked = case.get("form", {}).get("allow_same_person", False)
        return FileRules(
            country=settings["country"],
            currency=Currency(settings["currency"]),
            countries=frozenset(settings["countries"]),
            max_amount_minor=settings["max_amount_minor"],
            max_rows=settings["max_rows"],
            personal_id_length=settings["personal_id_length"],
            id_types=frozenset(settings["id_types"]),
            allows_same_person=is_asked and settings["allow_same_person_permitted"],
        )

    def _earlier(self, case: Case) -> Iterator[tuple[EarlierBatch, pl.DataFrame]]:
        for batch in case.get("earlier_batches", ()):
            if batch["stage"] not in _ENDED:
                read = self._read(self._cases[batch["accepted_from"]], None)
                kept = EarlierBatch(batch["bulk_id"], batch["cycle"], read.sha256, read.findings.content_sha256)
                yield kept, read.clean

    def _already_paid(self, case: Case, read: _Read, cycle: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the rows whose person has a claim in this cycle, and their faults."""
        payee = ["id_type", "identifier", "purpose", "occurrence"]
        rows, faults = [pl.DataFrame(schema=CLEAN_SCHEMA)], [pl.DataFrame(schema=FAULT_SCHEMA)]
        for batch, claims in self._earlier(case):
            if batch.cycle == cycle:
                rows.append(paid := read.clean.join(claims, on=payee, how="semi"))
                faults.append(
                    paid.select(
                        "line",
                        pl.lit(read.header.column(Field.IDENTIFIER)).alias("column"),
                        pl.lit("already_paid_this_cycle").alias("code"),
                        pl.lit(None, pl.String).alias("detail"),
                        pl.col("identifier_raw").alias("value"),
                        pl.lit(batch.bulk_id).alias("see"),
                        pl.lit("").alias("raw"),
                    )
                )
        return pl.concat(rows), pl.concat(faults)


def _told(read: _Read, left: Findings, paid: pl.DataFrame, faults: pl.DataFrame) -> dict[str, Any]:
    clean = read.clean.join(paid, on="line", how="anti")
    verdicts = [_accepted(row, read.header) for row in clean.iter_rows(named=True)]
    wrong: dict[int, list[dict[str, Any]]] = {}
    for fault in pl.concat([read.faults, faults]).iter_rows(named=True):
        wrong.setdefault(fault["line"], []).append(_wrong(fault))
    verdicts += [{"line": line, "errors": errors} for line, errors in wrong.items()]
    return {
        "encoding": left.encoding,
        "separator": left.separator,
        "layout": left.layout,
        "currency": left.currency,
        "rows": left.rows,
        "valid": left.valid,
        "invalid": left.invalid,
        "valid_total_minor": left.totals.all.amount_minor,
        "by_type": {
            name: {"count": one.count, "amount_minor": one.amount_minor} for name, one in left.totals.by_type.items()
        },
        "file_warnings": [*left.file_warnings, *read.warnings],
        "content_sha256": left.content_sha256,
        "verdicts": sorted(verdicts, key=lambda verdict: int(verdict["line"])),
    }


def _accepted(row: Mapping[str, Any], header: Header) -> dict[str, Any]:
    marks = {
        "msisdn_repaired": row["is_repaired"],
        "msisdn_unknown_range": row["is_unknown_range"],
        "duplicate_in_file": row["occurrence"] > 1,
    }
    warnings = [code for code, is_so in marks.items() if is_so]
    has_ids = Field.TRANSFER_ID in header.positions
    return {
        "line": row["line"],
        "type": row["id_type"],
        **{name: row[name] for name in ("identifier", "amount_minor", "purpose", "name")},
        **({"transfer_id": row["file_transfer_id"]} if has_ids else {}),
        **({"warnings": warnings} if warnings else {}),
    }


def _wrong(fault: Mapping[str, Any]) -> dict[str, Any]:
    see = fault["see"]
    return {
        "column": fault["column"],
        "code": fault["code"],
        **({"detail": fault["detail"]} if fault["detail"] else {}),
        **({"see": int(see) if see.isdecimal() else see} if see else {}),
    }
