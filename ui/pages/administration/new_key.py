"""The dialog that makes a key: its name, its rights, its networks; then the key, this once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta

from nicegui import ui

from core.errors import Refusal
from services import api_keys
from services.api_keys import GATEWAY_SCOPES, ApiKeyCreated, CreateApiKey
from ui import forms, shell
from ui.components import buttons, cards, copy_field, dialogs, fields
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show, tag
from ui.pages.administration import words


def ask(after: Callable[[], Awaitable[None]]) -> None:
    """Open the dialog; only rights its maker holds are offered."""
    ticked: set[str] = set()
    with dialogs.dialog(t("Créer une clé d'API")) as dialog, fields.form():
        name = fields.text(t("Nom de la machine"), hint=t("Passerelle Orange, export du matin…")).props("autofocus")
        _scopes(ticked)
        networks = fields.long_text(t("Réseaux permis, un par ligne"), hint=t("Vide : de partout."))
        last_day = fields.text(t("Dernier jour (facultatif)"), kind="date")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer la clé"))
    boxes = {"name": name, "networks": networks, "expires_at": last_day}

    async def create() -> None:
        order = forms.fill(
            CreateApiKey,
            boxes,
            name=forms.written(name),
            scopes=tuple(sorted(ticked)),
            networks=tuple(line.strip() for line in forms.written(networks).splitlines() if line.strip()),
            expires_at=_end_of(forms.written(last_day)),
        )
        if order is None:
            return
        made = await shell.attempt(api_keys.create_api_key, order)
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        dialog.close()
        _hand_over(made)
        await after()

    button.on_click(create)
    name.on("keydown.enter", create)
    dialog.open()


def _scopes(ticked: set[str]) -> None:
    actor = shell.visitor()
    held = {permission.value for permission in actor.permissions()} | GATEWAY_SCOPES
    offered = [scope for scope in words.key_scopes() if scope in held]

    def turn(scope: str, *, is_on: bool) -> None:
        (ticked.add if is_on else ticked.discard)(scope)

    show(tag("span", t("Droits"), class_="field-label"))
    with ui.element("div").classes("tick-list").props("role=group tabindex=0") as group:
        group.props["aria-label"] = t("Droits")
        for scope in offered:
            label = f"{words.scope_of_key(scope)} ({scope})"
            fields.checkbox(label, on_change=lambda event, scope=scope: turn(scope, is_on=bool(event.value)))


def _end_of(day: str) -> datetime | None:
    """Return the moment after the last moment of a day, by universal time."""
    return datetime.combine(datetime.fromisoformat(day).date(), time(), UTC) + timedelta(days=1) if day else None


def _hand_over(made: ApiKeyCreated) -> None:
    with dialogs.dialog(t("Clé créée")) as dialog:
        cards.notice(
            t("Copiez cette clé maintenant : elle ne sera plus jamais montrée."), tone="ochre", icon_name="warning"
        )
        show(copy_field.copy_field(made.key, label=made.row.name))
        show(prose(t("La machine l'envoie dans l'en-tête X-API-Key.")))
        with dialogs.actions():
            buttons.primary(t("C'est noté"), dialog.close)
    dialog.props("persistent").open()
