"""Walks of the phone that are kept, and what each version makes of them."""

import json
from collections.abc import Sequence

from nicegui import ui

from channels.ussd import scripts
from channels.ussd.scripts import KeepWalk, KeptStep, RunScript, ScriptRow, Verdict
from core.errors import InvalidInput, Refusal
from ui import shell
from ui.components import buttons, cards, chips, dialogs, facts, fields, layout, toasts
from ui.components.empty import sentence
from ui.components.plain_tables import Head, Line, plain_table
from ui.labels import State, Tone, count, counted, t, when
from ui.markup import Markup, show, tag
from ui.pages.ussd import keeping
from ui.pages.ussd.simulator import Seen


class Scripts:
    """The card of the kept walks; `follow` is told every exchange, and remembers the walk under way."""

    def __init__(self, rows: Sequence[ScriptRow]) -> None:
        self._walk: list[KeptStep] = []
        self._service = self._phone = ""
        self._call_key = ""
        with cards.titled(
            t("Parcours gardés"),
            t("repris à blanc, comme un premier appel, sur la version en service et chaque brouillon"),
        ):
            self._list = layout.stack(is_tight=True)
            self._result = show(Markup())
        self._draw(rows)

    def follow(self, seen: Seen) -> None:
        """Remember a step; what was only tried beside the dialogue is none."""
        if not seen.is_step or seen.heard is None:
            return
        if seen.call.key != self._call_key:
            self._walk, self._call_key = [], seen.call.key
        dialled = seen.standing.typed if seen.standing else ""  # without a code that was dialled too
        typed = seen.call.pieces[-1].shown if seen.call.pieces else dialled
        self._walk.append(KeptStep(typed=typed, text=seen.heard.text, has_more=seen.heard.is_open))
        self._service, self._phone = seen.line.service, seen.call.phone

    # Keeping

    def ask_name(self) -> None:
        """Ask how the walk under way is called, and keep it."""
        if not self._walk:
            toasts.refused(t("Rien n'a encore été envoyé."))
            return
        steps = counted(len(self._walk), t("{count} écran"), t("{count} écrans"))
        keeping.ask_name(t("{steps} seront repris. Le code secret n'est pas gardé.").format(steps=steps), self._keep_as)

    async def _keep_as(self, title: str) -> bool:
        order = KeepWalk(title=title, service=self._service, phone=self._phone, steps=tuple(self._walk))
        is_kept = await shell.act(scripts.keep_walk, order) is not None
        if is_kept:
            await self._load()
        return is_kept

    # Taking again

    def _ask_run(self, row: ScriptRow) -> None:
        with dialogs.dialog(row.title) as opened:
            show(
                facts.prose(t("À blanc : rien n'est débité, aucun SMS ne part. Les connecteurs, eux, sont interrogés."))
            )
            pin = fields.password(t("Code secret de {caller}").format(caller=row.caller), autocomplete="off")

            async def run() -> None:
                if await self._run(row, str(pin.value or ""), pin):
                    opened.close()

            pin.props("autofocus").on("keydown.enter", run)

            with dialogs.actions():
                buttons.secondary(t("Annuler"), opened.close)
                buttons.primary(t("Rejouer"), run)
        opened.open()

    async def _choose(self, row: ScriptRow) -> None:
        if row.has_secret:
            self._ask_run(row)
        else:
            await self._run(row, "", None)

    async def _run(self, row: ScriptRow, pin: str, box: ui.input | None) -> bool:
        outcome = await shell.attempt(scripts.run_script, RunScript(script_id=row.id, pin=pin))
        if isinstance(outcome, Refusal):
            if isinstance(outcome, InvalidInput) and box is not None:
                fields.show_error(box, outcome.fields.get("pin", shell.sentence_of(outcome)))
            else:
                toasts.refused(shell.sentence_of(outcome))
            return False
        self._result.set_content(_verdicts(row, outcome))
        return True

    async def _drop(self, row: ScriptRow) -> None:
        if await shell.act(scripts.drop_script, row.id):
            toasts.done(t("Parcours supprimé."))
            self._result.set_content(Markup())
            await self._load()

    # Drawing

    async def _load(self) -> None:
        self._draw(await shell.read(scripts.list_scripts) or [])

    def _draw(self, rows: Sequence[ScriptRow]) -> None:
        self._list.clear()
        with self._list:
            if not rows:
                text = t("Aucun parcours gardé. Parcourez le menu au téléphone, puis gardez ce chemin.")
                show(sentence(text, "bookmark"))
            for row in rows:
                self._draw_row(row)

    def _draw_row(self, row: ScriptRow) -> None:
        with layout.row(is_spread=True):
            steps = counted(row.steps, t("{count} écran"), t("{count} écrans"))
            about = " · ".join((row.service_name, row.caller, steps, when(row.created_at)))
            show(tag("div", tag("span", row.title, class_="line-title"), tag("span", about, class_="cell-under")))
            with layout.row():

                async def run(_: object = None, row: ScriptRow = row) -> None:
                    await self._choose(row)

                async def drop(_: object = None, row: ScriptRow = row) -> None:
                    await self._drop(row)

                def send(_: object = None, row: ScriptRow = row) -> None:
                    written = json.dumps({"dialogues": [row.dialogue]}, ensure_ascii=False, indent=2)
                    ui.download.content(written, f"{row.dialogue['id']}.json", "application/json")

                buttons.secondary(t("Rejouer partout"), run, icon="play_arrow")
                buttons.icon_only("download", t("Télécharger {title}").format(title=row.title), send)
                buttons.icon_only("delete", t("Supprimer {title}").format(title=row.title), drop)


def _verdicts(row: ScriptRow, verdicts: Sequence[Verdict]) -> Markup:
    heads = [Head(t("Version"), is_number=False), Head(t("Résultat"), is_number=False)]
    heads += [Head(t("Attendu"), is_number=False), Head(t("Reçu"), is_number=False)]
    lines = [_verdict(one) for one in verdicts]
    return plain_table(heads, lines, label=t("Résultat de {title}").format(title=row.title))


def _verdict(one: Verdict) -> Line:
    state = t("En service") if one.version.is_live else t("Brouillon")
    name = f"{state} · {t('version {number}').format(number=one.version.number)}"
    if one.step is None:
        return Line(name, (chips.chip(State.DONE, t("Identique")), "", ""), note=one.version.note)
    differs = t("Écran {number} différent").format(number=count(one.step))
    chip = chips.plain(differs, icon_name="error", tone=Tone.RED)
    seen = _text(one.seen if one.has_more else f"{one.seen} ({t('fin')})")
    typed = t("après {typed}").format(typed=one.typed) if one.typed else ""
    note = " · ".join(part for part in (one.version.note, typed) if part)
    return Line(name, (chip, _text(one.expected), seen), note=note, is_marked=True)


def _text(text: str) -> Markup:
    return tag("span", text, class_="screen-text")
