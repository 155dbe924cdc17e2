"""`/pensions/comptes`: what an organisation pays from: available, reserved, and what it owes for fees."""

from core.errors import Refusal
from core.money import Money
from core.permissions import Permission
from services.pensions import account_reading, accounts
from services.pensions.account_reading import AccountCard, Movement
from services.pensions.accounts import AccountRow
from ui import live, shell
from ui.components import buttons, cards, chips, empty, facts, figures, layout, tables
from ui.components.progress import Part, bar
from ui.components.tables import Answer, Ask, Column
from ui.labels import Sign, State, Tone, moment, money, money_parts, t
from ui.markup import Markup, join, show, tag
from ui.pages.ledger import words as ledger_words
from ui.pages.pensions import funding, words
from ui.pages.pensions.board import TOPICS

EVERY_S = 2.0


@shell.screen(words.ACCOUNTS, title="Comptes payeurs", needs=Permission.PENSIONS_READ)
async def all_accounts() -> None:
    """Draw a card for each account; the figures follow the ledger."""
    layout.title(t("Comptes payeurs"), t("Ce qui est disponible paie les lots ; ce qui est réservé les attend."))
    place = show(Markup(), classes="account-cards")

    async def refresh() -> None:
        found = await shell.read(accounts.list_accounts)
        if found is not None:
            place.set_content(_cards(found))

    await refresh()
    live.subscribe(TOPICS, lambda _: refresh(), every_s=EVERY_S)


@shell.screen("/pensions/comptes/{code}", title="Compte payeur", needs=Permission.PENSIONS_READ)
async def one_account(code: str) -> None:
    """Draw one account and every movement of what is available."""
    card = await shell.attempt(account_reading.get_account, code)
    if isinstance(card, Refusal):
        raise card
    account = card.account
    with layout.page_head(
        account.account_id,
        card.organisation_name,
        crumbs=[(t("Pensions"), words.BATCHES), (t("Comptes payeurs"), words.ACCOUNTS)],
        chip=chips.chip(sign(account)),
    ):
        if shell.visitor().may(Permission.PENSIONS_ACCOUNTS):
            path = f"{words.SETTINGS}/{account.organisation_code}"
            buttons.secondary(t("Réglages"), href=path, icon="settings")
            buttons.primary(t("Approvisionner"), lambda: funding.ask(account), icon="add_card")
    with layout.grid():
        with layout.cell(8), cards.titled(t("Mouvements"), money_parts(account.balance)[1], is_flush=True):
            table = _movements(code, card)
        with layout.cell(4):
            with cards.titled(t("Solde")):
                shown = show(_balance(card))
            with cards.titled(t("Chez le switch")):
                show(facts.facts(_facts(account)))

    async def refresh() -> None:
        fresh = await shell.read(account_reading.get_account, code)
        if fresh is not None:
            shown.set_content(_balance(fresh))
            await table.load()

    live.subscribe((*TOPICS, "ledger"), lambda _: refresh(), every_s=EVERY_S)


def sign(account: AccountRow) -> Sign:
    """Return whether an account pays."""
    state = State.ACTIVE if account.is_active else State.CLOSED
    return state.value


def _cards(found: list[AccountRow]) -> Markup:
    if not found:
        return empty.sentence(t("Aucun compte payeur. Un administrateur en ouvre un dans les réglages."), "wallet")
    return join(*map(_card, found))


def _card(account: AccountRow) -> Markup:
    head = tag(
        "span",
        tag("span", account.account_id, class_="card-title"),
        chips.chip(sign(account)) if not account.is_active else None,
        tag("span", account.organisation_code, class_="card-note"),
        class_="card-head",
    )
    return tag(
        "a",
        head,
        tag("span", tag("span", t("Disponible"), class_="caption"), figures.amount(account.available, is_big=True)),
        bar(_parts(account), label=account.account_id),
        tag("span", t("{amount} réservés").format(amount=money(account.reserved)), class_="line-detail"),
        href=f"{words.ACCOUNTS}/{account.account_id}",
        class_="card account-card",
    )


def _parts(account: AccountRow) -> list[Part]:
    return [
        Part(t("Disponible"), account.available.minor, Tone.ACCENT),
        Part(t("Réservé"), account.reserved.minor, Tone.OCHRE),
    ]


def _balance(card: AccountCard) -> Markup:
    account = card.account
    lines: list[facts.Fact] = [
        (t("Réservé"), money(account.reserved)),
        (t("Solde"), money(account.balance)),
        (t("Frais dus au switch"), money(card.fees_due)),
    ]
    return tag(
        "div",
        tag("div", tag("span", t("Disponible"), class_="caption"), figures.amount(account.available, is_big=True)),
        bar(_parts(account), label=t("Solde")),
        facts.facts(lines),
        class_="money-card",
    )


def _facts(account: AccountRow) -> list[facts.Fact]:
    fees = {
        "RECEIVE": t("La personne reçoit le montant exact"),
        "SEND": t("Les frais sont pris sur le montant"),
    }
    return [
        (t("Identifiant"), f"{words.payee_type(account.party_id_type)} · {account.party_identifier}"),
        (t("Nom affiché"), account.display_name),
        (t("Devise"), account.currency),
        (t("Frais"), fees[account.amount_type]),
    ]


def _movements(code: str, card: AccountCard) -> tables.Table:
    async def source(ask: Ask) -> Answer | None:
        rows = await shell.read(account_reading.list_movements, code, limit=ask.limit, offset=ask.offset)
        return None if rows is None else Answer([_row(row) for row in rows], card.movements)

    return tables.Table(
        "pension-movements",
        [
            Column("what", t("Opération"), "name"),
            Column("about", t("Objet"), is_on_phone=False),
            Column("by", t("Par"), is_on_phone=False, is_on_tablet=False, is_shown=False),
            Column("at", t("Date"), "time", is_on_phone=False),
            Column("after", t("Disponible après"), "amount", is_on_phone=False, is_on_tablet=False),
            Column("amount", t("Mouvement"), "amount"),
        ],
        source,
        empty=t("Aucun mouvement encore. Le premier approvisionnement paraîtra ici."),
    )


def figure(amount: Money, *, is_signed: bool = False) -> str:
    """Return an amount without its unit, for a column that says it."""
    number, _ = money_parts(amount)
    return f"+{number}" if is_signed and amount.minor > 0 else number


def _row(row: Movement) -> tables.Row:
    about = words.cycle_title(row.cycle) if row.cycle else row.reference
    if row.postings > 1:
        about = words.list_text([about, words.payments(row.postings)])
    return tables.row(
        str(row.id),
        {
            "what": ledger_words.kind(row.kind),
            "about": about,
            "by": row.actor,
            "amount": figure(row.amount, is_signed=True),
            "after": figure(row.balance_after) if row.balance_after else "",
            "at": moment(row.at),
        },
        href=words.BATCH.format(row.bulk_id) if row.bulk_id else "",
        phone_under=words.list_text([about, moment(row.at)]),
    )
