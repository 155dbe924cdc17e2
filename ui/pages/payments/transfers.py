"""`/paiements`: every transfer, newest first; what is filtered can be exported."""

from datetime import date, datetime, timedelta

from core import clock, ids
from core.money import Money
from core.permissions import Permission
from reports.figures import midnight
from services.transfers.lines import (
    LARGEST_EXPORT,
    TransferLine,
    TransferSearch,
    list_account_names,
    list_transfers,
)
from ui import live, shell
from ui.components import cards, chips, export, layout, tables
from ui.components.tables import Answer, Ask, Column, Day, Filter
from ui.labels import money, t, when, zone
from ui.pages.payments import words
from ui.pages.payments.shown import span

REFRESH_S = 2.0
ONE_DAY = timedelta(days=1)


@shell.screen("/paiements", title="Transferts", needs=Permission.PAYMENTS_READ)
async def transfers() -> None:
    """Draw the list; it moves by itself as providers answer."""
    layout.title(t("Transferts"), t("L'argent demandé et envoyé chez les opérateurs, et ce qu'ils en ont dit."))
    accounts = await shell.read(list_account_names) or []
    with cards.card(is_flush=True):
        table = tables.Table(
            "payments-transfers",
            _columns(),
            _source,
            search=t("Référence ou numéro"),
            choices=[
                Filter("state", t("État"), words.sign_choices(words.STATES)),
                Filter("direction", t("Sens"), words.choices(words.DIRECTIONS)),
                Filter("account", t("Compte"), {str(one.id): one.label or one.code for one in accounts}),
                Day("since", t("Du")),
                Day("until", t("Au")),
            ],
            actions=lambda: export.export_button(t("transferts"), _head(), lambda: _lines(table.ask)),
            empty=t("Aucun transfert. Le premier paraîtra dès qu'on demandera ou enverra de l'argent."),
        )
    live.hub.subscribe(["transfers"], lambda _: table.load(), every_s=REFRESH_S)


def _columns() -> list[Column]:
    return [
        Column("reference", t("Référence"), "name"),
        Column("direction", t("Sens"), is_on_phone=False, is_shown=False),
        Column("purpose", t("Objet"), is_on_phone=False, is_on_tablet=False),
        Column("party", t("Personne"), is_on_phone=False),
        Column("account", t("Compte"), is_on_phone=False, is_on_tablet=False),
        Column("state", t("État"), "chip"),
        Column("age", t("Suite"), is_on_phone=False, is_on_tablet=False),
        Column("amount", t("Montant"), "amount", is_on_phone=False),
        Column("at", t("Date"), "time", is_on_phone=False),
    ]


def _head() -> list[str]:
    return [
        t("Référence"),
        t("Référence de l'opérateur"),
        t("Sens"),
        t("Objet"),
        t("Personne"),
        t("Compte"),
        t("État"),
        t("Motif"),
        t("Montant"),
        t("Devise"),
        t("Demandé le"),
    ]


async def _lines(ask: Ask) -> list[list[str]] | None:
    """Return every transfer that the table's filters keep, plain: what a spreadsheet counts with."""
    found = await shell.read(list_transfers, search_of(ask), limit=LARGEST_EXPORT)
    return None if found is None else [_line(line) for line in found[0]]


def _line(line: TransferLine) -> list[str]:
    sign = "-" if line.direction in words.LEAVING else ""
    return [
        line.reference,
        line.provider_ref,
        words.direction(line.direction),
        words.purpose(line.purpose),
        line.party,
        line.account,
        t(words.STATES[line.state].word),
        words.reason(line.reason),
        sign + line.amount.plain,
        str(line.amount.currency),
        f"{line.created_at:%Y-%m-%dT%H:%M:%SZ}",
    ]


async def _source(ask: Ask) -> Answer | None:
    found = await shell.read(list_transfers, search_of(ask), limit=ask.limit, offset=ask.offset)
    return None if found is None else Answer([_row(line) for line in found[0]], found[1])


def search_of(ask: Ask) -> TransferSearch:
    """Return what a table asks for; days are those of this installation's clocks."""
    chosen = ask.filters
    return TransferSearch(
        text=ask.search,
        direction=chosen.get("direction", ""),
        state=chosen.get("state", ""),
        account_id=ids.parse_id(chosen.get("account", "")),
        since=day_start(chosen.get("since", "")),
        until=day_start(chosen.get("until", ""), ONE_DAY),
    )


def day_start(day: str, later: timedelta = timedelta()) -> datetime | None:
    """Return when a day began on the clocks of this installation; a half-typed day bounds nothing."""
    try:
        return midnight(date.fromisoformat(day) + later, zone())
    except (ValueError, OverflowError):
        return None


def _row(line: TransferLine) -> tables.Row:
    return tables.row(
        str(line.id),
        {
            "reference": words.short(line.reference),
            "direction": words.direction(line.direction),
            "purpose": words.purpose(line.purpose),
            "party": line.party,
            "account": line.account,
            "state": chips.cell(words.STATES[line.state]),
            "age": what_next(line),
            "amount": signed(line),
            "at": when(line.created_at),
        },
        href=f"{words.SECTION}/transferts/{line.id}",
        phone_under=f"{signed(line)} · {line.account}",
    )


def signed(line: TransferLine) -> str:
    """Return the amount as it moved our float: with a minus when it leaves."""
    amount = line.amount
    return money(Money(-amount.minor, amount.currency) if line.direction in words.LEAVING else amount)


def what_next(line: TransferLine) -> str:
    """Return how long an open transfer has waited, or why a closed one ended."""
    if line.state not in words.OPEN:
        return words.reason_short(line.reason)
    return t("depuis {duration}").format(duration=span((clock.now() - line.state_since).total_seconds()))
