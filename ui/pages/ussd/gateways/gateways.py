"""`/ussd-console/passerelles`: every account with how it does, and the profiles they speak."""

from collections.abc import Sequence

from nicegui import ui

from channels.ussd import accounts
from channels.ussd.accounts import ProfileRow
from core.permissions import Permission
from services import gateways as verbs
from services import wire_records
from services.gateways import GatewayRow
from ui import live, shell
from ui.components import buttons, cards, chips, empty, layout, tabs
from ui.components.plain_tables import Head, Line, plain_table
from ui.labels import count, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd.gateways import new_gateway, words


@shell.screen(words.GATEWAYS, title="Passerelles", needs=Permission.USSD_READ)
async def gateways() -> None:
    """Draw the accounts, fresh at each exchange, and the profiles."""
    profiles = await shell.read(accounts.list_profiles)
    rows = await shell.read(verbs.list_gateways)
    if profiles is None or rows is None:
        return
    said = t("Par où arrivent les appels : un compte par agrégateur ou opérateur.")
    with layout.page_head(t("Passerelles"), said, crumbs=[("USSD", ussd_words.SECTION)]):
        if shell.visitor().may(Permission.USSD_GATEWAYS):
            buttons.primary(t("Connecter une passerelle"), lambda: new_gateway.ask(profiles), icon="add")
    choices = [
        tabs.Tab("accounts", t("Comptes"), count(len(rows))),
        tabs.Tab("profiles", t("Profils"), count(len(profiles))),
    ]
    tabs.tabs(choices, lambda name: _hide(panels, name))
    panels = {"accounts": layout.stack(), "profiles": layout.stack()}
    with panels["accounts"], cards.card(is_flush=True):
        shown = show(_table(rows, profiles))
    with panels["profiles"], cards.card(is_flush=True):
        show(join(*map(_profile, profiles)))
    _hide(panels, "accounts")

    async def again(_: object) -> None:
        fresh = await shell.read(verbs.list_gateways)
        if fresh is not None:
            shown.set_content(_table(fresh, profiles))

    live.subscribe((wire_records.TOPIC, verbs.TOPIC), again, every_s=1.0)


def _hide(panels: dict[str, ui.element], but: str) -> None:
    for name, panel in panels.items():
        panel.set_visibility(name == but)


def _table(rows: Sequence[GatewayRow], profiles: Sequence[ProfileRow]) -> Markup:
    if not rows:
        return empty.sentence(t("Aucune passerelle. Connectez la première : son adresse vous est donnée."))
    titles = {row.name: words.profile(row) for row in profiles}
    heads = [
        Head(t("Compte"), is_number=False),
        Head(t("État"), is_number=False),
        Head(t("Codes"), is_number=False, is_on_phone=False),
        Head(t("Dernière requête"), is_number=False, is_on_phone=False),
        Head(t("En échec, 24 h"), is_on_phone=False),
        Head(t("Écart d'horloge"), is_on_phone=False),
    ]
    lines = [_line(row, titles.get(row.profile, row.profile)) for row in rows]
    return plain_table(heads, lines, label=t("Passerelles"))


def _line(row: GatewayRow, title: str) -> Line:
    link = tag("a", row.name, href=f"{words.GATEWAYS}/{row.id}", class_="name-link")
    cells = (
        chips.chip(words.STATES[row.state]),
        ", ".join(row.codes) or words.NEVER,
        words.last_request(row),
        words.error_share(row),
        words.drift(row.drift_ms),
    )
    return Line(link, cells, note=f"{title} · {row.country} · {row.key}")


def _profile(row: ProfileRow) -> Markup:
    detail = row.name if row.is_shipped else t("{name}, version {version}").format(name=row.name, version=row.version)
    names = tag(
        "span",
        tag("span", words.profile(row), class_="line-title"),
        tag("span", detail, class_="line-detail"),
        class_="line-words",
    )
    sign = chips.plain(t("Livré"), icon_name="lock") if row.is_shipped else chips.plain(t("Copie"), icon_name="edit")
    return tag("a", names, sign, href=f"{words.PROFILES}/{row.name}", class_="line line-link")
