"""`/ussd-console/menus/{key}`: the versions of a menu, the drafts first, and who put what live when and why."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from nicegui import ui

from channels import publishing
from core.permissions import Permission
from models.flows import VersionState
from reports.ussd_figures import Slice
from services import flows, trials
from services import menus as reads
from services.flows import RequestReview, SaveDraft
from services.menus import MenuRow, PublicationLine, VersionLine
from services.trials import TrialRow
from ui import live, shell
from ui.components import buttons, cards, chips, layout, toasts
from ui.components.confirm_dialog import confirm_dialog
from ui.components.history import Happening, history
from ui.labels import NO_BREAK, Tone, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import new_service
from ui.pages.ussd.menus import words
from ui.pages.ussd.menus.putting_live import put_live_dialog
from ui.pages.ussd.menus.trial import draw_trial, ended, read_arms, try_dialog
from ui.pages.ussd.words import SECTION

FOLLOWS_EVERY_S = 2.0


@shell.screen(words.MENUS + "/{key}", title="Menu", needs=Permission.USSD_READ)
async def menu(key: str) -> None:
    """Draw one menu."""
    page = _Menu(key)
    await page.draw()
    live.subscribe(["flows"], lambda _: page.refresh(), every_s=FOLLOWS_EVERY_S)


class _Menu:
    """The versions of a menu and what may be done with each."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._may_write = shell.visitor().may(Permission.USSD_MENUS_WRITE)
        self._versions: list[VersionLine] = []
        self._tried_on: set[str] = set()

    async def draw(self) -> None:
        """Draw the page."""
        row = await shell.read(reads.get_menu, self._key)
        if row is None:
            return
        self._row = row
        title = row.title or row.key
        with layout.page_head(title, _subtitle(row), crumbs=[(t("Menus"), words.MENUS)]):
            if not row.services and shell.visitor().may(Permission.USSD_SWITCH):
                opening = partial(new_service.ask, f"{SECTION}/services", row.key)
                buttons.secondary(t("Nouveau service"), opening, icon="dialpad")
            if self._may_write:
                buttons.primary(t("Nouveau brouillon"), self._begin, icon="add")
        self._trials = layout.stack()
        with layout.grid():
            with layout.cell(8), cards.titled(t("Versions"), is_flush=True, is_ruled=True):
                self._lines = ui.element("div")
            with layout.cell(4), cards.titled(t("Mises en ligne"), is_flush=True, is_ruled=True):
                self._history = show(Markup(), classes="card-body")
            self._past_place = layout.cell(4)
            with self._past_place, cards.titled(t("Essais finis"), is_flush=True, is_ruled=True):
                self._past = show(Markup())
        await self.refresh()

    async def refresh(self) -> None:
        """Read the versions again."""
        row = await shell.read(reads.get_menu, self._key)
        versions = await shell.read(reads.list_versions, self._key)
        published = await shell.read(reads.list_publications, self._key)
        tried = await shell.read(trials.list_trials, self._key)
        arms = {one.id: await read_arms(one) for one in tried or () if one.ended_at is None}
        if row is None or versions is None or published is None or tried is None or self._lines.is_deleted:
            return
        self._row, self._versions = row, versions
        self._tried_on = {one.service_key for one in tried if one.ended_at is None}
        self._draw_trials(tried, arms)
        self._history.set_content(history([_happening(line) for line in published]))
        self._lines.clear()
        with self._lines:
            for line in versions:
                self._draw_version(line)

    def _draw_trials(self, tried: list[TrialRow], arms: Mapping[UUID, list[Slice]]) -> None:
        past = [one for one in tried if one.ended_at is not None]
        self._past_place.set_visibility(bool(past))
        self._past.set_content(join(*map(ended, past)))
        self._trials.clear()
        with self._trials:
            for one in tried:
                if one.id in arms:
                    keep = partial(self._keep, one) if self._may_write else None
                    draw_trial(one, arms[one.id], keep, self.refresh)

    async def _keep(self, trial: TrialRow) -> None:
        line = next(each for each in self._versions if each.id == trial.version_id)
        await self._put_live(line)

    def _draw_version(self, line: VersionLine) -> None:
        with ui.element("div").classes("line version-line"):
            show(_version(line), classes="line-words")
            show(chips.chip(words.STATES[line.state]))
            with ui.element("span").classes("version-acts"):
                if self._may_write and line.state == VersionState.RETIRED:
                    buttons.secondary(t("Revenir à celle-ci"), partial(self._put_live, line), icon="undo")
                if self._may_write and line.state == VersionState.PUBLISHED and self._is_elsewhere(line):
                    buttons.secondary(t("Mettre ailleurs"), partial(self._put_live, line), icon="publish")
                if self._may_write and not line.errors and self._is_free(line):
                    label = t("Essayer la version {number}").format(number=line.number)
                    buttons.icon_only("experiment", label, partial(try_dialog, self._row, line, self.refresh))
                if self._may_write:
                    label = t("Copier la version {number} en brouillon").format(number=line.number)
                    buttons.icon_only("content_copy", label, partial(self._copy, line))
                if self._may_write and line.state == VersionState.DRAFT:
                    label = t("Jeter le brouillon {number}").format(number=line.number)
                    buttons.icon_only("delete", label, partial(self._discard, line))

    async def _begin(self) -> None:
        """Begin a draft from what is live, else from the newest version."""
        live_one = next((line for line in self._versions if line.live_on), None)
        newest = self._versions[0] if self._versions else None
        start = live_one or newest
        if start is not None:
            await self._copy(start)

    async def _copy(self, line: VersionLine) -> None:
        body = await shell.read(flows.get_body, line.id)
        if body is None:
            return
        note = t("D'après la version {number}").format(number=line.number)
        made = await shell.act(publishing.save_draft, SaveDraft(flow_key=self._key, body=body, note=note))
        if made is not None:
            ui.navigate.to(words.version_path(self._key, made.number))

    def _discard(self, line: VersionLine) -> None:
        async def confirm() -> bool | None:
            order = RequestReview(version_id=line.id, checksum=line.checksum)
            outcome = await shell.attempt(flows.discard_draft, order)
            if outcome is not None:
                toasts.refused(shell.sentence_of(outcome))
                return None
            toasts.done(t("Brouillon {number} jeté.").format(number=line.number))
            await self.refresh()
            return True

        confirm_dialog(
            t("Jeter ce brouillon"),
            t("La version {number} de {author} disparaît. Ce qui est en ligne ne change pas.").format(
                number=line.number, author=line.author or t("la maison")
            ),
            act=t("Jeter"),
            confirm=confirm,
        )

    def _is_elsewhere(self, line: VersionLine) -> bool:
        """Say whether some service of this menu has another version live."""
        return any(service.live_id != line.id for service in self._row.services)

    def _is_free(self, line: VersionLine) -> bool:
        """Say whether this version may be tried on some service: another is live there, and nothing is on trial."""
        return any(
            service.live_id not in {None, line.id} and service.key not in self._tried_on
            for service in self._row.services
        )

    async def _put_live(self, line: VersionLine) -> None:
        await put_live_dialog(self._row, line, self._versions, self.refresh)


def _subtitle(row: MenuRow) -> str:
    parts = [
        f"{line.name}{NO_BREAK}: {words.version(line.live_number) if line.live_number else t('rien en ligne')}"
        for line in row.services
    ]
    return " · ".join([*(parts or [t("aucun service ne l'a encore")]), words.sessions(row.open_sessions)])


def _version(line: VersionLine) -> Markup:
    name = t("Version {number}").format(number=line.number)
    title = tag("a", name, href=words.version_path(line.flow_key, line.number))
    live_on = [chips.plain(service, icon_name="cell_tower", tone=Tone.ACCENT) for service in line.live_on]
    who, note = (line.saved_by, line.note) if line.saved_by else (t("livrée avec Palabre"), "")
    told = [f"{who}, {when(line.saved_at)}", note, words.sessions(line.open_sessions)]
    return tag(
        "span",
        tag("span", title, *live_on, class_="line-title abreast"),
        tag(
            "span",
            " · ".join(filter(None, told)),
            " · ",
            words.faults(line.errors, line.warnings),
            class_="line-detail",
        ),
        class_="line-words",
    )


def _happening(line: PublicationLine) -> Happening:
    is_back = line.replaced is not None and line.number < line.replaced
    verb = t("Retour à {version}") if is_back else t("{version} en ligne")
    who = line.who or t("Palabre")
    title = f"{verb.format(version=words.version(line.number))} · {line.service}"
    return Happening(
        at=line.at,
        title=title,
        detail=" · ".join(filter(None, (who, line.reason))),
        icon="undo" if is_back else "publish",
        tone=Tone.OCHRE if is_back else Tone.ACCENT,
    )
