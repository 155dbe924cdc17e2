"""`/ussd-console/passerelles/profils/{name}`: how a kind of gateway speaks, as text, tried on a request, proved."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from channels.ussd import accounts, trials
from channels.ussd.accounts import FEWEST_FIXTURES, CopyProfile, DropFixture, EditProfile, ProfileRow, ProfileVersion
from core import ids
from core.errors import InvalidInput, Refusal
from core.permissions import Permission
from services import wire_records
from services.wire_records import WireRow
from ui import forms, shell
from ui.components import buttons, cards, chips, dialogs, facts, fields, layout, toasts
from ui.labels import Sign, Tone, t, when
from ui.markup import join, show, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd.gateways import words
from ui.pages.ussd.gateways.trial import TrialCard

_PASSED = Sign("check", "Réussi", Tone.ACCENT)
_FAILED = Sign("error", "En échec", Tone.RED)


@shell.screen(f"{words.PROFILES}/{{name}}", title="Profil de passerelle", needs=Permission.USSD_READ)
async def profile(name: str, essai: str = "", compte: str = "") -> None:
    """Draw the profile beside a trial; `essai` is a recorded exchange of the account `compte`."""
    row = await shell.read(accounts.get_profile, name)
    if row is None:
        return
    may_change = shell.visitor().may(Permission.USSD_GATEWAYS)
    record = await _record(essai, compte) if essai else None
    versions = None if row.is_shipped else await shell.read(accounts.list_versions, name)
    crumbs = [("USSD", ussd_words.SECTION), (t("Passerelles"), words.GATEWAYS)]
    sign = chips.plain(t("Livré"), icon_name="lock") if row.is_shipped else chips.plain(t("Copie"), icon_name="edit")
    with layout.page_head(words.profile(row), row.name, crumbs=crumbs, chip=sign):
        if may_change:
            buttons.secondary(t("Copier ce profil"), partial(_ask_copy, row), icon="content_copy")
    with layout.grid():
        with layout.cell(6):
            text = _Text(row, is_writable=may_change and not row.is_shipped)
        with layout.cell(6):
            trial = TrialCard(text.written, record)
        if versions is not None:
            with layout.cell(6):
                _draw_fixtures(row, may_change=may_change)
            with layout.cell(6):
                _draw_versions(row, versions, text if may_change else None)
    text.on_change(trial.run)
    trial.run()


async def _record(record_id: str, gateway_id: str) -> WireRow | None:
    identifier, gateway = ids.parse_id(record_id), ids.parse_id(gateway_id)
    if identifier is None or gateway is None:
        return None
    records = await shell.read(wire_records.list_records, gateway)
    return next((one for one in records or [] if one.id == identifier), None)


class _Text:
    """The profile as YAML; a shipped one is only read."""

    def __init__(self, row: ProfileRow, *, is_writable: bool) -> None:
        self._row = row
        with cards.titled(t("Texte"), "YAML"):
            said = t("Un profil livré ne change pas : copiez-le pour en faire le vôtre.")
            if row.is_shipped:
                show(facts.prose(said))
            self._box = ui.textarea(value=trials.to_text(row.body)).props(
                "outlined autogrow no-error-icon hide-bottom-space spellcheck=false debounce=500"
            )
            self._box.classes("yaml-text profile-text")
            self._box.props["aria-label"] = t("Le profil en YAML")
            self._box.props["readonly"] = not is_writable
            if is_writable:
                with layout.row(at_end=True):
                    buttons.primary(t("Enregistrer"), self._save, icon="check")

    def written(self) -> str:
        """Return what stands in the text, saved or not."""
        return str(self._box.value or "")

    def write(self, body: dict[str, Any]) -> None:
        """Put another text there, unsaved."""
        self._box.value = trials.to_text(body)

    def on_change(self, act: Callable[[], None]) -> None:
        """Do this each time the text changes."""
        self._box.on_value_change(act)

    async def _save(self) -> None:
        fields.show_error(self._box, None)
        try:
            body = trials.from_text(self.written())
        except Refusal as refusal:
            fields.show_error(self._box, shell.sentence_of(refusal))
            return
        order = EditProfile(name=self._row.name, version=self._row.version, body=body)
        outcome = await shell.attempt(accounts.edit_profile, order)
        if isinstance(outcome, InvalidInput):
            fields.show_error(self._box, " · ".join(f"{name}: {fault}" for name, fault in outcome.fields.items()))
        elif isinstance(outcome, Refusal):
            fields.show_error(self._box, shell.sentence_of(outcome))
        else:
            toasts.done(t("Profil enregistré."))
            ui.navigate.to(f"{words.PROFILES}/{outcome.name}")


def _draw_fixtures(row: ProfileRow, *, may_change: bool) -> None:
    verdicts = accounts.judge(row)
    passed = sum(not differences for differences in verdicts)
    note = t("{passed} réussis sur {count}, {fewest} au moins pour servir").format(
        passed=passed, count=len(verdicts), fewest=FEWEST_FIXTURES
    )
    with cards.titled(t("Essais"), note, is_flush=True, is_ruled=True):
        if not verdicts:
            show(facts.prose(t("Aucun essai. Faites-en d'échanges enregistrés, sur la page d'un compte.")),
                 classes="card-body")  # fmt: skip
        for place, (fixture, differences) in enumerate(zip(row.fixtures, verdicts, strict=True)):
            with ui.element("div").classes("line"):
                words_shown = join(
                    tag("span", fixture["title"], class_="line-title"),
                    *(tag("span", one, class_="line-detail line-wrap") for one in differences),
                )
                show(words_shown, classes="line-words")
                show(chips.chip(_FAILED if differences else _PASSED))
                if may_change:
                    label = t("Retirer {title}").format(title=fixture["title"])
                    buttons.icon_only("delete", label, partial(_drop, row, place))


def _draw_versions(row: ProfileRow, versions: Sequence[ProfileVersion], text: "_Text | None") -> None:
    with cards.titled(
        t("Versions"), t("Une reprise n'est gardée qu'à l'enregistrement."), is_flush=True, is_ruled=True
    ):
        for one in versions:
            with ui.element("div").classes("line"):
                said = f"{when(one.at)} · {one.by}"
                names = (
                    tag("span", _numbered(one.version), class_="line-title"),
                    tag("span", said, class_="line-detail"),
                )
                show(join(*names), classes="line-words")
                if one.version == row.version:
                    show(chips.plain(t("En usage"), icon_name="check", tone=Tone.ACCENT))
                elif text is not None:
                    buttons.quiet(t("Reprendre ce texte"), partial(text.write, one.body))


def _numbered(version: int) -> str:
    return t("Version {number}").format(number=version)


async def _drop(row: ProfileRow, place: int) -> None:
    order = DropFixture(name=row.name, place=place, title=str(row.fixtures[place]["title"]))
    if await shell.act(accounts.drop_fixture, order) is not None:
        ui.navigate.to(f"{words.PROFILES}/{row.name}")


def _ask_copy(row: ProfileRow) -> None:
    with dialogs.dialog(t("Copier ce profil")) as dialog, fields.form():
        show(facts.prose(t("La copie est à vous. Elle sert quand quatre essais au moins la prouvent.")))
        box = fields.text(t("Nom"), hint=t("Minuscules, chiffres et _ : hubtel_bis."))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Copier"))

    async def copy() -> None:
        order = forms.fill(CopyProfile, {"name": box}, source=row.name, name=forms.written(box))
        if order is None:
            return
        outcome = await shell.attempt(accounts.copy_profile, order)
        if isinstance(outcome, Refusal):
            forms.say(outcome, {"name": box})
            return
        dialog.close()
        ui.navigate.to(f"{words.PROFILES}/{outcome.name}")

    button.on_click(copy)
    dialog.open()
