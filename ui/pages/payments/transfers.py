"""`/paiements`: every transfer, newest first; what is filtered can be exported."""

from datetime import date, datetime, timedelta

from core import clock, ids
from core.money import Money
from core.permissions import Permission
from reports.figures import midnight
from services.transfers import reads
from services.transfers.reads import TransferLine, TransferSearch
from ui import live, shell
from ui.components import cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column, Day, Filter
from ui.labels import duration, moment, money, t, zone
from ui.pages.payments import words

REFRESH_S = 2.0
ONE_DAY = timedelta(days=1)


@shell.screen("/paiements", title="Transferts", needs=Permission.PAYMENTS_READ)
async def transfers() -> None:
    """Draw the list; it moves by itself as providers answer."""
    layout.title(t("Transferts"), t("L'argent demandé et envoyé chez les opérateurs, et ce qu'ils en ont dit."))
    accounts = await shell.read(reads.list_account_names) or []
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
            empty=t("Aucun transfert. Le premier paraîtra dès qu'on demandera ou enverra de l'argent."),
        )
    live.hub.subscribe(["transfers"], lambda _: table.load(), every_s=REFRESH_S)


def _columns() -> list[Column]:
    return [
        Column("reference", t("Référence"), "name"),
        Column("direction", t("Sens"), is_on_phone=False),
        Column("purpose", t("Objet"), is_on_phone=False),
        Column("party", t("Personne"), is_on_phone=False),
        Column("account", t("Compte"), is_on_phone=False),
        Column("state", t("État"), "chip"),
        Column("age", t("Suite"), is_on_phone=False),
        Column("amount", t("Montant"), "amount"),
        Column("at", t("Date"), "time", is_on_phone=False),
    ]


async def _source(ask: Ask) -> Answer | None:
    found = await shell.read(reads.list_transfers, search_of(ask), limit=ask.limit, offset=ask.offset)
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
            "at": moment(line.created_at),
        },
        href=f"{words.SECTION}/transferts/{line.id}",
        phone_under=f"{words.direction(line.direction)} · {line.account}",
    )


def signed(line: TransferLine) -> str:
    """Return the amount as it moved our float: with a minus when it leaves."""
    amount = line.amount
    return money(Money(-amount.minor, amount.currency) if line.direction in words.LEAVING else amount)


def what_next(line: TransferLine) -> str:
    """Return how long an open transfer has waited, or why a closed one ended."""
    if line.state not in words.OPEN:
        return words.reason(line.reason)
    return t("depuis {duration}").format(duration=duration((clock.now() - line.state_since).total_seconds()))
