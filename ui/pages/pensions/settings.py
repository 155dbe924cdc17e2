"""`/pensions/reglages`: how each organisation pays, its accounts, and the rail they go by; for administrators."""

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission
from services import organisations
from services.organisations import OrganisationNotFound, OrganisationRow
from services.pensions import accounts, settings
from services.pensions.accounts import AccountRow, SetAccountOpen
from services.pensions.settings import SettingsRow
from ui import shell
from ui.components import buttons, cards, chips, layout, reason_dialog, tables, toasts
from ui.components.tables import Answer, Ask, Column
from ui.labels import Sign, State, Tone, count, money, t
from ui.markup import join, show, tag
from ui.pages.pensions import accounts as account_pages
from ui.pages.pensions import funding, new_account, rail, settings_form, words

FOUR_EYES = Sign("approval_delegation", "Deux personnes", Tone.BLUE)


@shell.screen(words.SETTINGS, title="Réglages des pensions", needs=Permission.PENSIONS_ACCOUNTS)
async def all_settings() -> None:
    """Draw the organisations, each leading to its settings."""
    layout.title(t("Réglages des pensions"), t("Une organisation paie de ses comptes, selon ses règles."))
    found = await shell.read(organisations.list_organisations, with_closed=True) or []

    async def source(ask: Ask) -> Answer | None:
        page = found[ask.offset : ask.offset + ask.limit]
        rows = []
        for one in page:
            kept = await shell.read(settings.get_settings, one.id)
            owned = await shell.read(accounts.list_accounts, one.id)
            if kept is None or owned is None:
                return None
            rows.append(_row(one, kept, owned))
        return Answer(rows, len(found))

    with cards.card(is_flush=True):
        tables.Table(
            "pension-organisations",
            [
                Column("name", t("Organisation"), "name"),
                Column("code", t("Code"), "code", is_on_phone=False),
                Column("accounts", t("Comptes"), "number", is_on_phone=False),
                Column("four_eyes", t("Approbation"), is_on_phone=False),
                Column("rail", t("Réseau"), is_on_phone=False, is_on_tablet=False),
                Column("state", t("État"), "chip"),
            ],
            source,
            empty=t("Aucune organisation. Créez-en une dans Plateforme."),
        )


@shell.screen("/pensions/reglages/{code}", title="Réglages des pensions", needs=Permission.PENSIONS_ACCOUNTS)
async def organisation_settings(code: str) -> None:
    """Draw one organisation's rules, accounts and rail."""
    found = await shell.read(organisations.list_organisations, with_closed=True) or []
    one = next((each for each in found if each.code.casefold() == code.casefold()), None)
    if one is None:
        raise OrganisationNotFound
    kept = await shell.attempt(settings.get_settings, one.id)
    if isinstance(kept, Refusal):
        raise kept
    owned = await shell.read(accounts.list_accounts, one.id) or []
    with layout.page_head(
        one.name,
        one.code,
        crumbs=[(t("Pensions"), words.BATCHES), (t("Réglages"), words.SETTINGS)],
        chip=chips.chip(State.ACTIVE if one.is_active else State.CLOSED),
    ):
        buttons.secondary(t("Utilisateurs"), href="/administration/utilisateurs", icon="groups")
    with layout.grid():
        with layout.cell(7):
            settings_form.SettingsForm(kept, owned).draw()
        with layout.cell(5):
            _draw_accounts(one, owned)
            for rail_id in dict.fromkeys(account.rail_account_id for account in owned):
                await rail.draw(rail_id)


def four_eyes(kept: SettingsRow) -> str:
    """Return when a second person must agree."""
    if kept.four_eyes_from_minor is None:
        return t("Une personne suffit")
    if kept.four_eyes_from_minor == 0:
        return t("Toujours deux personnes")
    return t("Deux personnes dès {amount}").format(amount=count(kept.four_eyes_from_minor))


def _row(one: OrganisationRow, kept: SettingsRow, owned: list[AccountRow]) -> tables.Row:
    return tables.row(
        one.code,
        {
            "name": one.name,
            "code": one.code,
            "accounts": count(len(owned)),
            "four_eyes": four_eyes(kept),
            "rail": t(words.RAILS[kept.rail]),
            "state": chips.cell(State.ACTIVE if one.is_active else State.CLOSED),
        },
        href=f"{words.SETTINGS}/{one.code}",
        phone_under=one.code,
    )


def _draw_accounts(one: OrganisationRow, owned: list[AccountRow]) -> None:
    with cards.titled(t("Comptes payeurs"), count=count(len(owned)), is_flush=True, is_ruled=True):
        for account in owned:
            _draw_account(account)
        with cards.foot():
            buttons.secondary(t("Ouvrir un compte"), lambda: new_account.ask(one), icon="add")


def _draw_account(account: AccountRow) -> None:
    path = f"{words.ACCOUNTS}/{account.account_id}"
    funds = t("{available} disponibles, {reserved} réservés").format(
        available=money(account.available), reserved=money(account.reserved)
    )
    link = tag("a", account.account_id, href=path)
    with ui.element("div").classes("line line-wrapping"):
        chip = None if account.is_active else chips.chip(account_pages.sign(account))
        head = tag("span", link, " ", chip, class_="line-title")
        show(join(head, tag("span", funds, class_="line-detail")), classes="line-words")
        buttons.secondary(t("Approvisionner"), lambda: funding.ask(account))
        if account.is_active:
            buttons.quiet(t("Fermer le compte"), lambda: _ask_closing(account))
        else:
            buttons.quiet(t("Rouvrir"), lambda: _set_open(account, is_active=True, reason=""))


def _ask_closing(account: AccountRow) -> None:
    async def confirm(reason: str) -> bool:
        return await _set_open(account, is_active=False, reason=reason)

    reason_dialog.reason_dialog(
        t("Fermer {account}").format(account=account.account_id),
        t("Aucun lot nouveau n'en partira. Ce qui est déjà parti est suivi jusqu'à sa fin."),
        act=t("Fermer le compte"),
        confirm=confirm,
        is_danger=True,
    )


async def _set_open(account: AccountRow, *, is_active: bool, reason: str) -> bool:
    order = SetAccountOpen(account_id=account.id, is_active=is_active, reason=reason)
    if await shell.act(accounts.set_account_open, order) is None:
        return False
    toasts.done(t("Compte rouvert.") if is_active else t("Compte fermé."))
    ui.navigate.to(f"{words.SETTINGS}/{account.organisation_code}")
    return True
