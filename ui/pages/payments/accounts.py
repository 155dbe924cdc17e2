"""`/paiements/comptes`: the contracts with every operator, and which one serves which method in which country."""

from collections import defaultdict

from nicegui import ui

from core.permissions import Permission
from services import provider_accounts, routes
from services.provider_accounts import AccountRow
from services.routes import RouteRow
from ui import shell
from ui.components import buttons, cards, chips, empty, layout, tabs
from ui.labels import count, t
from ui.markup import Markup, join, show, tag
from ui.pages.payments import new_account, route_dialog
from ui.pages.payments.account_words import (
    ACCOUNTS,
    DIRECTIONS,
    KINDS,
    account_sign,
    adapter,
    environment_chip,
    kind_of,
)


@shell.screen(ACCOUNTS, title="Comptes et routes", needs=Permission.PAYMENTS_READ)
async def accounts() -> None:
    """Draw the accounts by kind, then the table of routes."""
    with layout.page_head(t("Comptes et routes"), t("Nos contrats avec les opérateurs, et qui sert quel moyen.")):
        if shell.visitor().may(Permission.PAYMENTS_ACCOUNTS):
            buttons.primary(t("Ajouter un compte"), new_account.ask, icon="add")
    rows = await shell.read(provider_accounts.list_accounts)
    table = await shell.read(routes.list_routes)
    if rows is None or table is None:
        return
    choices = [
        tabs.Tab("accounts", t("Comptes"), count(len(rows))),
        tabs.Tab("routes", t("Routes"), count(len(table))),
    ]
    place = ui.element("div").classes("stack")

    def draw(name: str) -> None:
        place.clear()
        with place:
            _draw_accounts(rows) if name == "accounts" else _draw_routes(table, rows)

    tabs.tabs(choices, draw)
    place.move(target_index=-1)
    draw("accounts")


def _draw_accounts(rows: list[AccountRow]) -> None:
    if not rows:
        show(
            empty.sentence(
                t("Aucun compte. Ajoutez le premier, ou donnez ses clés par l'environnement."), "account_tree"
            )
        )
    by_kind: dict[str, list[AccountRow]] = defaultdict(list)
    for row in rows:
        by_kind[kind_of(row.adapter)].append(row)
    for kind, title in KINDS.items():
        if by_kind[kind]:
            with cards.titled(t(title), count=count(len(by_kind[kind])), is_flush=True, is_ruled=True):
                show(join(*map(_account, by_kind[kind])))


def _account(row: AccountRow) -> Markup:
    detail = " · ".join(part for part in (adapter(row.adapter), row.country, row.currency, row.code) if part)
    words = tag(
        "span",
        tag("span", row.label, environment_chip(row.environment), class_="line-title"),
        tag("span", row.pause_reason or detail, class_="line-detail"),
        class_="line-words",
    )
    return tag("a", words, chips.chip(account_sign(row)), href=f"{ACCOUNTS}/{row.id}", class_="line line-link")


def _draw_routes(table: list[RouteRow], rows: list[AccountRow]) -> None:
    if shell.visitor().may(Permission.PAYMENTS_ACCOUNTS):
        with layout.row(at_end=True):
            buttons.secondary(t("Changer une route"), lambda: route_dialog.ask(rows, table), icon="edit")
    by_method: dict[str, dict[tuple[str, str], list[RouteRow]]] = defaultdict(lambda: defaultdict(list))
    for row in table:
        by_method[row.method][row.country, row.direction].append(row)
    if not table:
        show(empty.sentence(t("Aucune route : rien ne peut partir ni arriver."), "account_tree"))
    for method, cells in by_method.items():
        with cards.titled(routes.label_of(method), is_flush=True, is_ruled=True):
            show(_cells(cells), classes="entries")


def _cells(cells: dict[tuple[str, str], list[RouteRow]]) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Pays"), scope="col"),
        tag("th", t("Sens"), scope="col"),
        tag("th", t("Comptes, dans l'ordre"), scope="col"),
    )
    body = (
        tag(
            "tr",
            tag("td", country or t("tous")),
            tag("td", t(DIRECTIONS[direction])),
            tag("td", join(*(_step(rank, row) for rank, row in enumerate(rows, 1)))),
        )
        for (country, direction), rows in cells.items()
    )
    return tag("table", tag("thead", head), tag("tbody", *body), class_="plain-table")


def _step(rank: int, row: RouteRow) -> Markup:
    is_ready = row.state == "active" and row.breaker == "closed"
    name = f"{rank}. {row.account_label}" + (f" ({row.party_code})" if row.party_code else "")
    note = None if is_ready else tag("span", f" {t('au repos')}", class_="caption")
    return tag("div", tag("a", name, href=f"{ACCOUNTS}/{row.account_id}"), note)
