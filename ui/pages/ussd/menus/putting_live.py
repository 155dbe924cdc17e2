"""The dialog before a version goes live, or comes back: what changes, who is in the middle of what, and why."""

from collections.abc import Awaitable, Callable, Sequence

from channels import publishing
from channels.difference import Change, Difference, difference
from core.errors import Refusal
from models.flows import VersionState
from services import flows
from services.flows import PublishVersion, RollBack
from services.menus import MenuRow, VersionLine
from ui import shell
from ui.components import buttons, dialogs, fields, toasts
from ui.components.facts import Fact, facts, prose
from ui.labels import counted, t
from ui.markup import show
from ui.pages.ussd.menus import words

LONGEST_REASON = 200


async def put_live_dialog(
    row: MenuRow, line: VersionLine, versions: Sequence[VersionLine], again: Callable[[], Awaitable[None]]
) -> None:
    """Open the dialog for a version; `again` is called once it is live."""
    services = {each.key: each.name for each in row.services if each.live_id != line.id}
    body = await shell.read(flows.get_body, line.id)
    if not services:
        toasts.refused(t("Aucun service n'a ce menu : créez-en un, page « Services »."))
    if body is None or not services:
        return
    is_back = line.state == VersionState.RETIRED
    title = t("Revenir à la version {number}") if is_back else t("Publier la version {number}")
    act = t("Revenir à la version {number}") if is_back else t("Mettre en ligne la version {number}")
    before = await _live_body(row, next(iter(services)))
    with dialogs.dialog(title.format(number=line.number)) as dialog:
        promise = t("Les prochains appels commencent dessus aussitôt ; une session ouverte finit sur sa version.")
        show(prose(promise))
        show(facts([*_changes(difference(before or {}, body)), *_sessions(versions)]))
        ticks = {
            key: fields.checkbox(name, is_on=at == 0 or not is_back) for at, (key, name) in enumerate(services.items())
        }
        box = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        box.props(f"maxlength={LONGEST_REASON} autofocus")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(act.format(number=line.number))

    async def run() -> None:
        reason = str(box.value or "").strip()
        if not reason:
            fields.show_error(box, t("Écrivez un motif."))
            return
        chosen = [key for key, tick in ticks.items() if tick.value]
        if not chosen:
            toasts.refused(t("Choisissez au moins un service."))
            return
        button.disable()
        outcome = await _put(line, chosen, reason, is_back=is_back)
        if not button.is_deleted:
            button.enable()
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
            return
        if not dialog.is_deleted:
            dialog.close()
        names = ", ".join(services[key] for key in chosen)
        toasts.done(t("Version {number} en ligne : {services}.").format(number=line.number, services=names))
        await again()

    box.on("keydown.enter", run)
    button.on_click(run)
    dialog.open()


async def _put(line: VersionLine, services: list[str], reason: str, *, is_back: bool) -> Refusal | None:
    """Put a version live on services, one after the other; the first refusal ends it."""
    for key in services:
        outcome: object
        if is_back:
            outcome = await shell.attempt(flows.roll_back, RollBack(service_key=key, version_id=line.id, reason=reason))
        else:
            order = PublishVersion(service_key=key, version_id=line.id, checksum=line.checksum, reason=reason)
            outcome = await shell.attempt(publishing.publish, order)
        if isinstance(outcome, Refusal):
            return outcome
    return None


async def _live_body(row: MenuRow, service_key: str) -> dict[str, object] | None:
    live_id = next((each.live_id for each in row.services if each.key == service_key), None)
    return await shell.read(flows.get_body, live_id) if live_id is not None else None


def _changes(found: Difference) -> list[Fact]:
    counts = [
        counted(found.count(Change.ADDED), t("{count} ajouté"), t("{count} ajoutés")),
        counted(found.count(Change.REMOVED), t("{count} retiré"), t("{count} retirés")),
        counted(found.count(Change.CHANGED), t("{count} changé"), t("{count} changés")),
    ]
    septets = sum(screen.septets for screen in found.screens)
    return [(t("Écrans"), " · ".join(counts)), (t("Textes"), words.delta(septets))]


def _sessions(versions: Sequence[VersionLine]) -> list[Fact]:
    """Say how many dialogues are open on each version that has some, or is live."""
    return [
        (t("Version {number}").format(number=each.number), words.sessions(each.open_sessions))
        for each in versions
        if each.open_sessions or each.live_on
    ]
