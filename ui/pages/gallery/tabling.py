"""Specimens of tables: full, empty, waiting for its rows."""

import asyncio

from core.money import Currency, Money
from ui.components import buttons, cards, chips, tables
from ui.labels import State, count
from ui.pages.gallery.showing import Specimen

NAMES = (
    "Adjovi Hounkpatin",
    "Pascaline Hounsou",
    "Kossi Agbodjan",
    "Bernadette Zinsou",
    "Rachidi Alapini",
    "Sènami Dossou",
)
STATES = (State.PAID, State.FAILED, State.RUNNING, State.PAID, State.UNKNOWN, State.PAID)
NEXT = {State.FAILED: "Numéro fermé", State.RUNNING: "Réponse attendue", State.UNKNOWN: "Enquête à 14:07"}
TOTAL = 99_988

COLUMNS = (
    tables.Column("line", "Ligne", "number", is_sortable=True, is_on_phone=False),
    tables.Column("name", "Bénéficiaire", "name", is_sortable=True),
    tables.Column("phone", "Numéro", is_on_phone=False),
    tables.Column("amount", "F CFA", "amount", is_sortable=True),
    tables.Column("state", "État", "chip"),
    tables.Column("next", "Suite", is_on_phone=False),
    tables.Column("at", "Heure", "time", is_on_phone=False),
)


async def people(ask: tables.Ask) -> tables.Answer:
    """Return one page of made-up pensions."""
    rows = [_row(ask.offset + index) for index in range(min(ask.limit, 8))]
    return tables.Answer(
        [row for row in rows if ask.search.lower() in row["name"].lower()], 0 if ask.search == "zz" else TOTAL
    )


async def nobody(_: tables.Ask) -> tables.Answer:
    """Return nothing."""
    return tables.Answer((), 0)


async def never(_: tables.Ask) -> tables.Answer:
    """Return after the reader has left."""
    await asyncio.sleep(3600)
    return tables.Answer((), 0)


def full_table() -> None:
    """Draw a page of rows with search, filter, columns and an export."""
    with cards.card(is_flush=True):
        tables.Table(
            "gallery",
            COLUMNS,
            people,
            search="Nom, numéro, référence",
            choices=[tables.Filter("kind", "Type", {"retraite": "Retraite", "reversion": "Réversion"})],
            first=tables.Ask(limit=8),
            actions=lambda: buttons.secondary("Exporter", icon="download"),
        )


def empty_table() -> None:
    """Draw the same with nothing in it, and the same before its rows come."""
    with cards.titled("Rien encore", is_flush=True, is_ruled=True):
        tables.Table("gallery-empty", COLUMNS[1:2], nobody, empty="Les pensions du lot paraîtront ici.")
    with cards.titled("Bientôt", is_flush=True, is_ruled=True):
        tables.Table("gallery-waiting", COLUMNS[1:2], never)


def _row(index: int) -> tables.Row:
    state = STATES[index % len(STATES)]
    cells = {
        "line": count(61_853 - index),
        "name": NAMES[index % len(NAMES)],
        "phone": "•• •• 41 08",
        "amount": Money(62_500 + 1_350 * index, Currency.XOF).parts("fr")[0],
        "state": chips.cell(state),
        "next": NEXT.get(state, ""),
        "at": "14:05:12",
    }
    return tables.row(str(index), cells, href=f"#ligne-{index}")


SPECIMENS: tuple[Specimen, ...] = (
    ("Tables", full_table),
    ("Tables vides", empty_table),
)
