"""What leaves as a file: counts from which nobody is found, or codes one by one for who may read them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import Field

from core import clock
from core.database import Session, driver, fetch_all
from core.i18n import t
from core.orders import Order
from reports.ciu import counts, tables
from reports.ciu.counts import LIVING
from reports.ciu.suppression import HIDDEN, suppress, without_total
from reports.ciu.tables import Row

Step = Literal["day", "week", "month", "quarter"]
Cut = Literal["language", "recipe", "hour"]

PAGE_ROWS = 5_000
FORMATS: Mapping[Step, str] = {"day": "YYYY-MM-DD", "week": 'IYYY-"W"IW', "month": "YYYY-MM", "quarter": 'YYYY-"T"Q'}
CUTS: Mapping[Cut, str] = {
    "language": "r.language",
    "recipe": "coalesce(v.key || '.' || v.version, r.source)",
    "hour": "to_char(r.created_at at time zone p.timezone, 'HH24')",
}


class Wanted(Order):
    """What a file is to hold: the living codes made on these days; `by` and `cuts` are of an aggregate."""

    kind: Literal["aggregate", "rows"]
    format: Literal["csv", "xlsx", "parquet"] = "csv"
    programme: str | None = Field(default=None, max_length=64)
    since: date
    until: date
    by: Step = "day"
    cuts: tuple[Cut, ...] = ()
    has_phones: bool = False
    separator: Literal[";", ","] = ";"


@dataclass(frozen=True, slots=True)
class Document:
    """A file ready to be kept."""

    name: str
    media_type: str
    content: bytes
    row_count: int


def build(session: Session, wanted: Wanted) -> Document:
    """Make the file; whoever asked for it was allowed to."""
    driver(session).execute("set transaction isolation level repeatable read")
    programmes = [one.id for one in counts.list_programmes(session, wanted.programme)]
    asked = {"programmes": programmes, "since": wanted.since, "until": wanted.until}
    if wanted.kind == "aggregate":
        head, rows = _aggregate(session, wanted, asked)
        written = tables.write(wanted.format, head, rows, wanted.separator)
    else:
        with _codes(session, wanted, asked) as found:
            written = tables.write(wanted.format, _titles(wanted), found, wanted.separator)
    word = "totaux" if wanted.kind == "aggregate" else "codes"
    name = f"ciu-{word}-{wanted.since:%Y%m%d}-{wanted.until:%Y%m%d}-{clock.now():%Y%m%d-%H%M}.{wanted.format}"
    return Document(name, tables.TYPES[wanted.format], written.content, written.row_count)


# Codes one by one

_CHOSEN = f"""
from ciu_record r join ciu_programme p on p.id = r.programme_id left join ciu_recipe v on v.id = r.recipe_id
where {LIVING} and p.id = any(%(programmes)s)
    and r.created_at >= %(since)s::timestamp at time zone p.timezone
    and r.created_at < (%(until)s::date + 1)::timestamp at time zone p.timezone
"""
_ROWS = f"""
select r.code, to_char(r.created_at at time zone p.timezone, 'YYYY-MM-DD'), {CUTS["recipe"]}, r.language
    {{phone}} {_CHOSEN.replace("where", "{join} where", 1)} order by r.created_at, r.id
"""
_PHONE = ", coalesce(i.value, case when i.id is null then '' else 'h:' || left(encode(i.lookup, 'hex'), 32) end)"
_JOIN = "left join ciu_identity i on i.id = r.first_identity_id"


def _titles(wanted: Wanted) -> list[str]:
    titles = [t("code"), t("jour"), t("recette"), t("langue")]
    return [*titles, t("numéro")] if wanted.has_phones else titles


@contextmanager
def _codes(session: Session, wanted: Wanted, asked: dict[str, Any]) -> Iterator[Iterator[Row]]:
    """Give the codes page after page, by a cursor of the server's."""
    query = _ROWS.format(phone=_PHONE if wanted.has_phones else "", join=_JOIN if wanted.has_phones else "")
    with driver(session).cursor(name="ciu_codes") as cursor:
        cursor.itersize = PAGE_ROWS
        yield iter(cursor.execute(query.encode(), asked))


# Counts from which nobody is found


def _aggregate(session: Session, wanted: Wanted, asked: dict[str, Any]) -> tuple[list[str], list[Row]]:
    """Return the counts of each period, with its sum where it is cut further, and the sum of all."""
    cuts = tuple(dict.fromkeys(wanted.cuts))
    columns = [f"to_char(r.created_at at time zone p.timezone, '{FORMATS[wanted.by]}')", *(CUTS[cut] for cut in cuts)]
    places = ", ".join(str(place + 1) for place in range(len(columns)))
    names = [f"c{place}" for place in range(len(columns))]
    selected = ", ".join(f"{column} as {name}" for column, name in zip(columns, names, strict=True))
    found = fetch_all(
        session,
        f"select {selected}, count(*)::int as number {_CHOSEN} group by {places} order by {places}",
        asked,
    )
    periods: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for row in found:
        cell = tuple(str(row[name]) for name in names[1:])
        periods.setdefault(row["c0"], []).append((cell, row["number"]))
    words = {"language": t("langue"), "recipe": t("recette"), "hour": t("heure")}
    return [t("période"), *(words[cut] for cut in cuts), t("codes")], _hidden(periods, len(cuts))


def _hidden(periods: Mapping[str, Sequence[tuple[tuple[str, ...], int]]], width: int) -> list[Row]:
    """Return the rows of the periods, of which no small count can be told.

    A period is one group of cells and, with its sum, one cell of the group of all periods: what hides one of the two
    hides it in the other.
    """
    numbers = [[number for _, number in cells] for cells in periods.values()]
    inner = [suppress(cells) for cells in numbers]
    sums = [sum(cells) for cells in numbers]
    whole = suppress(sums, {place for place, one in enumerate(inner) if width and not one.has_total})
    rows: list[Row] = []
    for place, (period, cells) in enumerate(periods.items()):
        shown, total = inner[place], whole.cells[place]
        if total == HIDDEN:
            shown = without_total(numbers[place], shown)
        if width:
            rows += [(period, *cut, _cell(cell)) for (cut, _), cell in zip(cells, shown.cells, strict=True)]
        rows.append((period, *[t("total")] * width, _cell(total)))
    rows.append((t("total"), *[""] * width, _cell(whole.total)))
    return rows


def _cell(shown: str) -> str | int:
    return int(shown) if shown.isdecimal() else shown
