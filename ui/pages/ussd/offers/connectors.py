"""`/ussd-console/offres/connecteurs`: other people's systems that flows may ask, and the hosts that may be called."""

from uuid import UUID

from nicegui import ui

from core.permissions import Permission
from services import connectors as verbs
from services import hosts
from services.connectors import ConnectorRow
from services.hosts import AllowHost, HostRow
from ui import forms, shell
from ui.components import buttons, cards, chips, danger_dialog, dialogs, fields, layout, tables, toasts
from ui.components.facts import prose
from ui.components.tables import Answer, Ask, Column
from ui.labels import count, moment, t
from ui.markup import show, tag
from ui.pages.ussd.offers import connector_form, connector_trial, words


@shell.screen(words.CONNECTORS, title="Connecteurs", needs=Permission.USSD_GATEWAYS)
async def connectors() -> None:
    """Draw the connectors beside the list of hosts; administrators only."""
    known: dict[str, ConnectorRow] = {}

    async def source(ask: Ask) -> Answer | None:
        found = await shell.read(verbs.list_connectors)
        if found is None:
            return None
        known.update({str(row.id): row for row in found})
        return Answer([_row(row) for row in found[ask.offset : ask.offset + ask.limit]], len(found))

    subtitle = t("Ce qu'un menu peut demander à un autre système. Jamais de l'argent.")
    with layout.page_head(t("Connecteurs"), subtitle, crumbs=[(t("Offres"), words.PATH)]):
        buttons.primary(t("Ajouter un connecteur"), lambda: connector_form.ask(table.load), icon="add")
    with layout.grid():
        with layout.cell(8), cards.card(is_flush=True):
            table = tables.Table(
                "ussd-connectors",
                [
                    Column("name", t("Nom"), "name"),
                    Column("method", t("Méthode"), "code", is_on_phone=False),
                    Column("state", t("État"), "chip"),
                    Column("failures", t("Échecs de suite"), "number", is_on_phone=False),
                    Column("answered", t("Dernière réponse"), "time", is_on_phone=False),
                ],
                source,
                empty=t("Aucun connecteur. Listez d'abord l'hôte à appeler."),
                on_open=lambda key: _open(known[key], table),
            )
        with layout.cell(4), cards.titled(t("Hôtes permis")):
            show(prose(t("Seuls ces hôtes sont appelés, par les connecteurs et pour prévenir les fournisseurs.")))
            place = ui.element("div").classes("stack")
            await _draw_hosts(place)


def _row(row: ConnectorRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "name": row.label or row.name,
            "method": row.method,
            "state": chips.cell(words.connector_sign(row)),
            "failures": count(row.failures_in_row),
            "answered": moment(row.answered_at) or t("Jamais"),
        },
        under=f"{row.name} · {row.base_url}{row.path}",
    )


def _open(row: ConnectorRow, table: tables.Table) -> None:
    with dialogs.dialog(row.label or row.name) as dialog:
        show(connector_form.facts_of(row))
        with dialogs.actions():
            buttons.quiet(t("Supprimer"), lambda: _then(dialog, lambda: _ask_delete(row, table)), icon="delete")
            if row.down_since is not None:
                buttons.secondary(t("Rouvrir"), lambda: _reopen(row, dialog, table), icon="restart_alt")
            buttons.secondary(t("Essayer"), lambda: _then(dialog, lambda: connector_trial.ask(row)), icon="experiment")
            buttons.primary(
                t("Changer"), lambda: _then(dialog, lambda: connector_form.ask(table.load, row)), icon="edit"
            )
    dialog.open()


def _then(dialog: ui.dialog, following: object) -> None:
    dialog.close()
    if callable(following):
        following()


async def _reopen(row: ConnectorRow, dialog: ui.dialog, table: tables.Table) -> None:
    if await shell.act(verbs.close_breaker, row.id) is not None:
        dialog.close()
        toasts.done(t("Le prochain appel part."))
        await table.load()


def _ask_delete(row: ConnectorRow, table: tables.Table) -> None:
    async def confirm() -> UUID | None:
        done = await shell.act(verbs.delete_connector, row.id)
        if done is not None:
            await table.load()
        return done

    danger_dialog.danger_dialog(
        t("Supprimer ce connecteur"),
        t("Les menus qui le nomment prendront leur chemin « en panne ». Ses secrets sont perdus."),
        name=row.name,
        act=t("Supprimer {name}").format(name=row.name),
        confirm=confirm,
    )


async def _draw_hosts(place: ui.element) -> None:
    found = await shell.read(hosts.list_hosts)
    place.clear()
    with place:
        for one in found or ():
            _host(one, place)
        buttons.secondary(t("Permettre un hôte"), lambda: _ask_host(place), icon="add")


def _host(one: HostRow, place: ui.element) -> None:
    async def forbid() -> UUID | None:
        done = await shell.act(hosts.forbid_host, one.id)
        if done is not None:
            await _draw_hosts(place)
        return done

    def ask() -> None:
        danger_dialog.danger_dialog(
            t("Retirer cet hôte"),
            t("Plus rien ne l'appelle : ses connecteurs sont en panne, ses fournisseurs ne sont plus prévenus."),
            name=one.host,
            act=t("Retirer {name}").format(name=one.host),
            confirm=forbid,
        )

    with ui.element("div").classes("abreast abreast-spread"):
        under = one.note or (t("adresse privée permise") if one.is_private else t("adresses publiques seulement"))
        lines = (tag("span", one.host, class_="line-title"), tag("span", under, class_="line-detail"))
        show(tag("span", *lines, class_="upload-words"))
        buttons.icon_only("delete", t("Retirer {name}").format(name=one.host), ask)


def _ask_host(place: ui.element) -> None:
    with dialogs.dialog(t("Permettre un hôte")) as dialog, fields.form():
        host = fields.text(t("Hôte"), hint=t("api.exemple.org, avec son port s'il n'est pas l'usuel."))
        note = fields.text(t("Pourquoi (facultatif)"))
        is_private = fields.checkbox(t("Il est dans notre réseau privé"))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Permettre"))
    boxes = {"host": host, "note": note}

    async def save() -> None:
        values = {name: forms.written(box) for name, box in boxes.items()}
        order = forms.fill(AllowHost, boxes, **values, is_private=bool(is_private.value))
        if order is not None and await shell.act(hosts.allow_host, order) is not None:
            dialog.close()
            await _draw_hosts(place)

    button.on_click(save)
    dialog.open()
