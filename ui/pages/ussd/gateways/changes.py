"""What an administrator changes of an account: address, service, credentials, profile."""

from collections.abc import Awaitable
from functools import partial
from typing import Any

from nicegui import ui

from channels.ussd import accounts, gateways
from channels.ussd.accounts import ChooseProfile, ProfileRow
from core.errors import Refusal
from services import gateways as verbs
from services import ussd_services
from services.gateways import ChangeGateway, GatewayRow, PauseGateway, SetCredential, SetNetworks
from ui import forms, shell
from ui.components import buttons, confirm_dialog, dialogs, facts, fields, toasts
from ui.components.reason_dialog import reason_dialog
from ui.labels import t
from ui.markup import join, show, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd.gateways import new_gateway, words


def draw_acts(row: GatewayRow) -> None:
    """Place the acts of the page's head."""
    if row.secrets > 1:
        buttons.secondary(t("Retirer l'ancienne adresse"), partial(_drop, row), icon="link")
    buttons.secondary(t("Nouvelle adresse"), partial(_ask_rotation, row), icon="key")
    if row.state == "live":
        buttons.secondary(t("Suspendre"), partial(_ask_pause, row), icon="pause")
    else:
        buttons.primary(t("Mettre en service"), partial(_resume, row), icon="play_arrow")


def draw_credentials(row: GatewayRow, profile: ProfileRow, *, may_change: bool) -> None:
    """Place a line for each thing the account's requests may have to carry."""
    names = dict.fromkeys(["basic", *profile.body.get("credentials", {}).values(), *row.credentials])
    for name in names:
        is_set = name in row.credentials
        with ui.element("div").classes("line"):
            show(
                join(
                    tag("span", t(words.CREDENTIALS.get(name, name)), class_="line-title"),
                    tag("span", t("exigé") if is_set else t("non exigé"), class_="line-detail"),
                ),
                classes="line-words",
            )
            if may_change:
                if is_set:
                    buttons.quiet(t("Ne plus exiger"), partial(_forget, row, name))
                buttons.secondary(t("Remplacer") if is_set else t("Donner"), partial(_ask_credential, row, name))


async def ask_change(row: GatewayRow) -> None:
    """Ask how the account is called, and what holds for a call that says nothing of it."""
    services = await shell.read(ussd_services.list_services)
    if not services:
        return
    with dialogs.dialog(t("Modifier ce compte")) as dialog, fields.form():
        show(facts.prose(t("Service et langue valent pour un appel qui n'en dit rien. Les codes sont page Services.")))
        boxes: dict[str, forms.Box] = {
            "name": fields.text(t("Nom"), value=row.name),
            "service": fields.choice(t("Service"), {one.key: one.name for one in services}, value=row.service or None),
            "language": fields.choice(t("Langue"), ussd_words.LANGUAGES, value=row.language),
            "country": fields.text(t("Pays"), value=row.country, hint=t("Deux lettres.")),
        }
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def keep() -> None:
        values = {name: forms.written(box) for name, box in boxes.items()}
        order = forms.fill(ChangeGateway, boxes, gateway_id=row.id, **{**values, "country": values["country"].upper()})
        if order is not None:
            await said(shell.attempt(verbs.change_gateway, order), boxes, row, dialog)

    button.on_click(keep)
    dialog.open()


def ask_networks(row: GatewayRow) -> None:
    """Ask from where the account's requests may come."""
    with dialogs.dialog(t("Adresses admises")) as dialog, fields.form():
        box = fields.long_text(
            t("Adresses ou plages, une par ligne"), value="\n".join(row.networks), hint=t("Vide : de partout.")
        )
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def keep() -> None:
        networks = tuple(forms.written(box).split())
        order = forms.fill(SetNetworks, {"networks": box}, gateway_id=row.id, networks=networks)
        if order is not None:
            await said(shell.attempt(verbs.set_networks, order), {"networks": box}, row, dialog)

    button.on_click(keep)
    dialog.open()


async def ask_profile(row: GatewayRow) -> None:
    """Ask which profile a paused account speaks."""
    profiles = await shell.read(accounts.list_profiles)
    if profiles is None:
        return
    with dialogs.dialog(t("Autre langage")) as dialog, fields.form():
        choices = {one.name: f"{words.profile(one)} ({one.name})" for one in profiles}
        box = fields.choice(t("Langage de la passerelle"), choices, value=row.profile)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def keep() -> None:
        order = ChooseProfile(gateway_id=row.id, profile=str(box.value))
        await said(shell.attempt(accounts.choose_profile, order), {"profile": box}, row, dialog)

    button.on_click(keep)
    dialog.open()


def _ask_credential(row: GatewayRow, name: str) -> None:
    with dialogs.dialog(t(words.CREDENTIALS.get(name, name))) as dialog, fields.form():
        show(facts.prose(t("Une requête qui ne le porte pas sera refusée dès l'enregistrement.")))
        box = fields.password(t("Valeur"), autocomplete="off", hint=t("Elle ne sera plus jamais montrée."))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def keep() -> None:
        if not forms.written(box):
            fields.show_error(box, t("À remplir."))
            return
        order = forms.fill(SetCredential, {"value": box}, gateway_id=row.id, name=name, value=forms.written(box))
        if order is not None:
            await said(shell.attempt(verbs.set_credential, order), {"value": box}, row, dialog)

    button.on_click(keep)
    dialog.open()


async def _forget(row: GatewayRow, name: str) -> None:
    await said(shell.attempt(verbs.set_credential, SetCredential(gateway_id=row.id, name=name)), {}, row)


async def _drop(row: GatewayRow) -> None:
    await said(shell.attempt(verbs.drop_old_secret, row.id), {}, row)


async def _resume(row: GatewayRow) -> None:
    await said(shell.attempt(accounts.resume_account, row.id), {}, row)


def _ask_rotation(row: GatewayRow) -> None:
    async def rotate() -> Any:
        made = await shell.act(verbs.rotate_secret, row.id)
        if made is not None:
            gateways.forget()
            new_gateway.show_address(made)
        return made

    confirm_dialog.confirm_dialog(
        t("Nouvelle adresse"),
        t("L'adresse d'aujourd'hui reste bonne jusqu'à ce que vous la retiriez. Une plus ancienne tombe aussitôt."),
        act=t("Donner une nouvelle adresse"),
        confirm=rotate,
    )


def _ask_pause(row: GatewayRow) -> None:
    async def pause(reason: str) -> bool:
        outcome = await shell.act(verbs.pause_gateway, PauseGateway(gateway_id=row.id, reason=reason))
        if outcome is not None:
            gateways.forget()
            ui.navigate.to(f"{words.GATEWAYS}/{row.id}")
        return outcome is not None

    reason_dialog(
        t("Suspendre cette passerelle"),
        t("Qui compose entendra que le service est arrêté. L'argent déjà engagé suit son cours."),
        act=t("Suspendre la passerelle"),
        confirm=pause,
        is_danger=True,
    )


async def said(act: Awaitable[Any], boxes: forms.Boxes, row: GatewayRow, dialog: ui.dialog | None = None) -> None:
    """Do an act and say how it went: under its field, or as a page drawn anew."""
    outcome = await act
    if isinstance(outcome, Refusal):
        forms.say(outcome, boxes)
        return
    gateways.forget()
    if dialog is not None:
        dialog.close()
    toasts.done(t("Enregistré."))
    ui.navigate.to(f"{words.GATEWAYS}/{row.id}")
