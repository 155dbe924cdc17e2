"""`/administration/cles`: the keys of machines; what each opens, from where, and the way to end it."""

from datetime import datetime
from uuid import UUID

from core.clock import now
from core.permissions import Permission
from services import api_keys
from services.api_keys import ApiKeyRow
from ui import shell
from ui.components import buttons, cards, chips, danger_dialog, dialogs, facts, layout, tables, toasts
from ui.components.tables import Answer, Ask, Column
from ui.labels import Sign, Tone, moment, t
from ui.markup import join, show, tag
from ui.pages.administration import new_key, words

ACTIVE = Sign("check", "Active", Tone.ACCENT)
REVOKED = Sign("block", "Révoquée", Tone.NEUTRAL)
SCOPES_SHOWN = 2
EXPIRED = Sign("history", "Expirée", Tone.NEUTRAL)


@shell.screen("/administration/cles", title="Clés d'API", needs=Permission.API_KEYS)
async def keys() -> None:
    """Draw the keys, the newest first; a row opens all of it."""
    known: dict[str, ApiKeyRow] = {}

    async def source(ask: Ask) -> Answer | None:
        found = await shell.read(api_keys.list_api_keys)
        if found is None:
            return None
        known.update({str(row.id): row for row in found})
        wanted = ask.search.lower()
        rows = [row for row in found if wanted in row.name.lower() or wanted in row.prefix.lower()]
        return Answer([_row(row) for row in rows[ask.offset : ask.offset + ask.limit]], len(rows))

    with layout.page_head(t("Clés d'API"), t("Une clé par machine, avec les seuls droits qu'il lui faut.")):
        buttons.primary(t("Créer une clé"), lambda: new_key.ask(table.load), icon="key")
    with cards.card(is_flush=True):
        table = tables.Table(
            "administration-keys",
            [
                Column("name", t("Nom"), "name"),
                Column("prefix", t("Début"), "code", is_on_phone=False),
                Column("scopes", t("Droits"), is_on_phone=False),
                Column("networks", t("Réseaux"), is_on_phone=False),
                Column("state", t("État"), "chip"),
                Column("used", t("Dernier usage"), "time", is_on_phone=False),
            ],
            source,
            search=t("Nom ou début"),
            empty=t("Aucune clé. Créez la première pour relier une machine."),
            on_open=lambda key: _open(known[key], table),
        )


def sign_of(row: ApiKeyRow, at: datetime) -> Sign:
    """Return how a key stands at a moment."""
    if row.revoked_at is not None:
        return REVOKED
    return EXPIRED if row.expires_at is not None and row.expires_at <= at else ACTIVE


def _row(row: ApiKeyRow) -> tables.Row:
    first, rest = row.scopes[:SCOPES_SHOWN], len(row.scopes) - SCOPES_SHOWN
    return tables.row(
        str(row.id),
        {
            "name": row.name,
            "prefix": f"{row.prefix}…",
            "scopes": ", ".join(first) + (f" +{rest}" if rest > 0 else ""),
            "networks": ", ".join(row.networks) or t("Partout"),
            "state": chips.cell(sign_of(row, now())),
            "used": moment(row.last_used_at) or t("Jamais"),
        },
        phone_under=f"{row.prefix}…",
    )


def _open(row: ApiKeyRow, table: tables.Table) -> None:
    def ask_revoke() -> None:
        dialog.close()
        _ask_revoke(row, table)

    with dialogs.dialog(row.name) as dialog:
        show(facts.facts(_facts(row)))
        scopes = (tag("li", tag("code", scope), tag("span", words.scope_of_key(scope))) for scope in row.scopes)
        show(join(tag("h3", t("Droits"), class_="field-label"), tag("ul", *scopes, class_="scopes")))
        if row.revoked_at is None:
            with dialogs.actions():
                buttons.secondary(t("Révoquer la clé"), ask_revoke, icon="block")
    dialog.open()


def _facts(row: ApiKeyRow) -> list[facts.Fact]:
    lines: list[facts.Fact] = [
        (t("État"), chips.chip(sign_of(row, now()))),
        (t("Début"), tag("code", f"{row.prefix}…", class_="code-inline")),
        (t("Réseaux"), ", ".join(row.networks) or t("Partout")),
        (t("Créée le"), moment(row.created_at)),
        (t("Expire le"), moment(row.expires_at) or t("Jamais")),
        (t("Dernier usage"), moment(row.last_used_at) or t("Jamais")),
    ]
    if row.revoked_at is not None:
        lines.append((t("Révoquée le"), moment(row.revoked_at)))
    return lines


def _ask_revoke(row: ApiKeyRow, table: tables.Table) -> None:
    async def confirm() -> UUID | None:
        if await shell.act(api_keys.revoke_api_key, row.id) is None:
            return None
        toasts.done(t("Clé révoquée."))
        await table.load()
        return row.id

    danger_dialog.danger_dialog(
        t("Révoquer cette clé"),
        t("La machine qui s'en sert sera refusée dès son prochain appel. Une clé révoquée ne revient pas."),
        name=row.name,
        act=t("Révoquer {name}").format(name=row.name),
        confirm=confirm,
    )
