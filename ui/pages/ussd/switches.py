"""`/ussd-console/arret`: one red switch for the platform, each gateway, each service and each kind of money.

What stops and what goes on is said before; the name is typed; opening again what was stopped needs a second person.
"""

from functools import partial

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission
from models.switches import SwitchScope
from models.ussd import SwitchState
from services import switches
from services.switches import ReopenSwitch, StopSwitch, SwitchRow
from ui import live, shell
from ui.components import (
    buttons,
    cards,
    chips,
    danger_dialog,
    decisions,
    dialogs,
    fields,
    layout,
    reason_dialog,
    toasts,
)
from ui.components.facts import prose
from ui.labels import Sign, Tone, counted, t
from ui.markup import Markup, show, tag
from ui.pages.ussd import acts, words

SCOPES = {
    SwitchScope.PLATFORM: "Toute la plateforme",
    SwitchScope.GATEWAY: "Passerelles",
    SwitchScope.SERVICE: "Services",
    SwitchScope.MONEY: "Opérations d'argent",
}
STATES = {
    SwitchState.LIVE: Sign("check_circle", "En service", Tone.ACCENT),
    SwitchState.MAINTENANCE: Sign("build", "En maintenance", Tone.OCHRE),
    SwitchState.STOPPED: Sign("stop_circle", "Arrêté", Tone.RED),
}
STOPS = {
    SwitchScope.PLATFORM: "Tous les dialogues en cours finiront à leur prochaine étape, et aucun ne commencera.",
    SwitchScope.GATEWAY: "Les dialogues de cette passerelle finiront à leur prochaine étape, et aucun n'y commencera.",
    SwitchScope.SERVICE: "Les dialogues de ce service finiront à leur prochaine étape, et aucun n'y commencera.",
    SwitchScope.MONEY: "Aucune opération de ce genre ne sera plus acceptée ; le reste du menu continue.",
}
GOES_ON = "L'argent déjà engagé suit son cours : ce qui est réservé ou parti sera conclu, et les reçus partiront."


@shell.screen("/ussd-console/arret", title="Arrêt d'urgence", needs=Permission.USSD_READ)
async def emergency() -> None:
    """Draw every switch by kind; it follows what others do."""
    layout.title(
        t("Arrêt d'urgence"),
        t("Ce qui s'arrête s'arrête à l'étape suivante ; rouvrir se fait à deux."),
        crumbs=[("USSD", words.SECTION)],
    )
    place = layout.stack()

    async def draw() -> None:
        rows = await shell.read(switches.list_switches)
        if rows is None or place.is_deleted:
            return
        place.clear()
        with place:
            _draw(rows, draw)

    await draw()
    live.hub.subscribe([switches.TOPIC], lambda _: draw())


def _draw(rows: list[SwitchRow], then: decisions.Then) -> None:
    off = [row for row in rows if row.state is not SwitchState.LIVE]
    if off:
        names = ", ".join(name_of(row) for row in off)
        cards.notice(t("À l'arrêt ou en maintenance : {names}.").format(names=names), tone="red", icon_name="emergency")
    decisions.card([row.approval for row in rows if row.approval is not None], then)
    for scope, title in SCOPES.items():
        with cards.titled(t(title), is_flush=True, is_ruled=True):
            for row in rows:
                if row.scope is scope:
                    with ui.element("div").classes("waiting-line"):
                        show(_line(row), classes="waiting-asked")
                        if shell.visitor().may(Permission.USSD_SWITCH):
                            _acts(row, then)


def name_of(row: SwitchRow) -> str:
    """Return what a switch is called, in words."""
    if row.scope is SwitchScope.MONEY:
        return words.kind(row.key)
    return row.name or t("Plateforme USSD")


def _line(row: SwitchRow) -> Markup:
    detail = row.text.get("fr", "")
    if not detail and row.open_sessions is not None:
        detail = counted(row.open_sessions, t("{count} dialogue ouvert"), t("{count} dialogues ouverts"))
    return tag(
        "span",
        tag(
            "span",
            tag("span", name_of(row), " ", chips.chip(STATES[row.state]), class_="line-title"),
            tag("span", detail, class_="line-detail") if detail else None,
            class_="waiting-words",
        ),
        class_="waiting-asked-words",
    )


def _acts(row: SwitchRow, then: decisions.Then) -> None:
    if row.state is not SwitchState.LIVE and row.approval is None:
        buttons.secondary(t("Rouvrir"), partial(_ask_reopen, row, then), icon="play_arrow")
    if row.state is SwitchState.LIVE:
        buttons.quiet(t("Maintenance"), partial(_ask_maintenance, row, then), icon="build")
    if row.state is not SwitchState.STOPPED:
        # One red thing on the page: what stops everything.
        button = buttons.danger if row.scope is SwitchScope.PLATFORM else buttons.secondary
        button(t("Arrêter"), partial(_ask_stop, row, then), icon="stop_circle")


def _ask_stop(row: SwitchRow, then: decisions.Then) -> None:
    name = name_of(row)

    async def confirm() -> bool | None:
        order = StopSwitch(scope=row.scope, key=row.key, reason=t("Arrêt d'urgence"))
        return await _do(order, t("{name} : arrêté.").format(name=name), then)

    loss = f"{t(STOPS[row.scope])} {t(GOES_ON)}"
    if row.open_sessions:
        ending = counted(row.open_sessions, t("{count} dialogue est ouvert."), t("{count} dialogues sont ouverts."))
        loss = f"{ending} {loss}"
    danger_dialog.danger_dialog(
        t("Arrêter {name}").format(name=name), loss, name=name, act=t("Arrêter maintenant"), confirm=confirm
    )


def _ask_maintenance(row: SwitchRow, then: decisions.Then) -> None:
    with dialogs.dialog(t("Mettre en maintenance : {name}").format(name=name_of(row))) as dialog:
        show(prose(f"{t(STOPS[row.scope])} {t(GOES_ON)}"))
        boxes = {
            language: fields.text(
                t("Texte que les gens lisent, en {language}").format(language=words.language(language))
            )
            for language in ("fr", "en", "ln")
        }
        why = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Mettre en maintenance"))

    async def run() -> None:
        reason = str(why.value or "").strip()
        if len(reason) < 3:  # noqa: PLR2004  # as the order demands
            fields.show_error(why, t("Écrivez un motif."))
            return
        text = {language: str(box.value or "") for language, box in boxes.items()}
        order = StopSwitch(scope=row.scope, key=row.key, state=SwitchState.MAINTENANCE, text=text, reason=reason)
        if await _do(order, t("{name} : en maintenance.").format(name=name_of(row)), then):
            dialog.close()

    button.on_click(run)
    dialog.open()


def _ask_reopen(row: SwitchRow, then: decisions.Then) -> None:
    name, needs_two = name_of(row), row.state is SwitchState.STOPPED

    async def confirm(reason: str) -> bool:
        outcome = await shell.attempt(switches.reopen, ReopenSwitch(scope=row.scope, key=row.key, reason=reason))
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
            return False
        said = t("Demandé : une autre personne décide.") if needs_two else t("{name} : rouvert.").format(name=name)
        toasts.done(said)
        await then()
        return True

    reason_dialog.reason_dialog(
        t("Rouvrir {name}").format(name=name),
        t("Une autre personne devra approuver avant que cela serve de nouveau.")
        if needs_two
        else t("Cela sert de nouveau dès l'étape suivante."),
        act=t("Demander la réouverture") if needs_two else t("Rouvrir"),
        confirm=confirm,
    )


async def _do(order: StopSwitch, said: str, then: decisions.Then) -> bool | None:
    if not await acts.do(switches.stop, order, said=said):
        return None
    await then()
    return True
