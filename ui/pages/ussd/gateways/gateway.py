"""`/ussd-console/passerelles/{id}`: one account, what it may send, and its exchanges as they happen."""

from nicegui import ui

from channels.ussd import accounts
from channels.ussd.accounts import ProfileRow
from core import ids
from core.errors import NotFound
from core.permissions import Permission
from services import gateway_notes, wire_records
from services import gateways as verbs
from services.gateways import GatewayRow
from ui import live, shell
from ui.components import buttons, cards, chips, facts, layout
from ui.labels import count, t
from ui.markup import join, show, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd.gateways import changes, knock, network_limits, words
from ui.pages.ussd.gateways.kannel import KannelCard
from ui.pages.ussd.gateways.steps import draw_steps
from ui.pages.ussd.gateways.vendor import draw_answers
from ui.pages.ussd.gateways.wire import Wire


@shell.screen(f"{words.GATEWAYS}/{{gateway_id}}", title="Passerelle", needs=Permission.USSD_READ)
async def gateway(gateway_id: str) -> None:
    """Draw the account: exchanges first, then what it must carry and what its vendor said."""
    identifier = ids.parse_id(gateway_id)
    if identifier is None:
        raise NotFound(thing="ussd_gateway")
    row = await shell.read(verbs.get_gateway, identifier)
    notes = await shell.read(gateway_notes.get_notes, identifier)
    profile = await shell.read(accounts.get_profile, row.profile) if row else None
    if row is None or notes is None or profile is None:
        return
    may_change = shell.visitor().may(Permission.USSD_GATEWAYS)
    crumbs = [("USSD", ussd_words.SECTION), (t("Passerelles"), words.GATEWAYS)]
    subtitle = f"{words.profile(profile)} · {row.country} · {row.key}"
    with layout.page_head(row.name, subtitle, crumbs=crumbs, chip=chips.chip(words.STATES[row.state])):
        if may_change:
            changes.draw_acts(row)
    if row.secrets > 1:
        said = t("Deux adresses sont bonnes : retirez l'ancienne quand la passerelle emploie la nouvelle.")
        cards.notice(said, tone="ochre", icon_name="key")
    with layout.grid():
        if may_change and row.state == "stopped":
            with layout.cell(12):
                draw_steps(row, profile)
        with layout.cell(12):
            wire = Wire(row, profile, may_change=may_change)
        with layout.cell(6):
            figures = _draw_facts(row, profile, may_change=may_change)
            with cards.titled(t("Ce que portent ses requêtes"), t("Donné une fois, jamais relu."), is_flush=True):
                changes.draw_credentials(row, profile, may_change=may_change)
        with layout.cell(6):
            draw_answers(row, notes, may_change=may_change)
            if row.profile.startswith("kannel") or notes.status_address:
                KannelCard(row, notes, may_change=may_change)
    await wire.refresh()

    async def again(_: object) -> None:
        fresh = await shell.read(verbs.get_gateway, identifier)
        if fresh is not None:
            figures.set_content(facts.facts(_figures(fresh)))
        await wire.refresh()

    live.subscribe((wire_records.TOPIC,), again)


def _draw_facts(row: GatewayRow, profile: ProfileRow, *, may_change: bool) -> ui.html:
    with cards.titled(t("Compte")):
        figures = show(facts.facts(_figures(row)))
        link = tag("a", words.profile(profile), href=f"{words.PROFILES}/{profile.name}")
        networks = join(*(tag("div", tag("code", one, class_="code-inline")) for one in row.networks))
        limits = join(*(tag("div", words.page_limits(*one)) for one in row.network_limits.items()))
        show(
            facts.facts(
                [
                    (t("Langage"), link),
                    (t("Codes"), ", ".join(row.codes)),
                    (t("Service"), row.service_name or words.NEVER),
                    (t("Langue"), ussd_words.language(row.language)),
                    (t("Pays"), row.country),
                    (t("Adresses admises"), networks or t("toutes")),
                    (t("Pages plus courtes"), limits or t("sur aucun réseau")),
                ]
            )
        )
        if may_change:
            with layout.row():
                buttons.secondary(t("Modifier"), lambda: changes.ask_change(row), icon="edit")
                buttons.secondary(t("Essayer l'adresse"), lambda: knock.ask(row), icon="call")
                buttons.secondary(t("Adresses admises"), lambda: changes.ask_networks(row), icon="shield")
                buttons.secondary(t("Limites par réseau"), lambda: network_limits.ask(row), icon="tune")
                if row.state != "live":
                    buttons.secondary(t("Autre langage"), lambda: changes.ask_profile(row), icon="translate")
    return figures


def _figures(row: GatewayRow) -> list[facts.Fact]:
    return [
        (t("Dernière requête"), words.last_request(row)),
        (t("Requêtes gardées, 24 h"), count(row.exchanges)),
        (t("En échec, 24 h"), words.error_share(row)),
        (t("Écart d'horloge"), words.drift(row.drift_ms)),
    ]
