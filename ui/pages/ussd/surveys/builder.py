"""A survey being written: its rules, its questions one under the other, and each screen as a phone will show it."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission
from services import surveys as service
from services.surveys import QuestionDraft, SaveSurvey, ScreenPreview, SurveyRow
from services.surveys.orders import LONGEST_NAME
from ui import forms, shell
from ui.components import buttons, cards, chips, confirm_dialog, fields, layout, phone_screens, toasts
from ui.components.phone_screens import PhoneScreen
from ui.labels import Tone, count, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import moments
from ui.pages.ussd.surveys import words
from ui.pages.ussd.surveys.acts import open_now
from ui.pages.ussd.surveys.questions import Question, drafted

MENU_KEY = "4"  # of the service menu


class Builder:
    """The page of one draft; `row` is None for a survey that begins here."""

    def __init__(self, row: SurveyRow | None) -> None:
        self._row = row
        self._questions = [Question.read(each) for each in row.questions] if row else [Question.blank(1)]
        self._languages = list(row.languages) if row else ["fr"]
        self._may_write = shell.visitor().may(Permission.USSD_SURVEYS_WRITE)

    async def draw(self) -> None:
        """Draw the page."""
        name = self._row.name if self._row else t("Nouveau sondage")
        chip = chips.chip(words.STATES["draft"])
        with layout.page_head(name, crumbs=[(t("Sondages"), words.SURVEYS)], chip=chip):
            if self._may_write:
                buttons.secondary(t("Garder le brouillon"), self._save)
                buttons.primary(t("Ouvrir"), self._ask_open, icon="play_arrow")
        with layout.grid():
            with layout.cell(7):
                with cards.titled(t("Règles")), fields.form():
                    self._draw_rules()
                self._place = layout.stack()
                self._draw_questions()
            with layout.cell(5), layout.stack(), cards.titled(t("Sur le téléphone"), t("une page : 156 septets")):
                self._screens = show(Markup()).props("aria-live=polite")
        self.check()

    def _draw_rules(self) -> None:
        row = self._row
        self._name = fields.text(t("Nom (une ligne de menu)"), value=row.name if row else "")
        self._name.props(f"maxlength={LONGEST_NAME}")
        self._code = fields.text(t("Code"), value=row.code if row else "", hint=t("fixé dès que le sondage existe"))
        self._code.set_enabled(row is None and self._may_write)
        self._closes = fields.text(
            t("Fin"),
            value=moments.written(row.closes_at if row else None),
            kind="datetime-local",
            hint=t("vide : sans fin"),
        )
        quota = str(row.quota) if row and row.quota else ""
        self._quota = fields.text(t("Réponses voulues"), value=quota, kind="number", hint=t("vide : sans limite"))
        self._role = fields.choice(t("Qui est interrogé"), _roles(), value=_role_of(row))
        with layout.row():
            for code in words.LANGUAGES:
                fields.checkbox(
                    words.language(code),
                    is_on=code in self._languages,
                    on_change=lambda event, code=code: self._speak(code, is_on=bool(event.value)),
                )
        is_once = row.has_one_answer_per_phone if row else True
        self._once = fields.switch(t("Une seule réponse par numéro"), is_on=is_once)
        self._anonymous = fields.switch(t("Anonyme"), is_on=row.is_anonymous if row else False)
        told = t("Anonyme : la clé qui relie un numéro à ses réponses est détruite à la fermeture.")
        show(tag("p", told, class_="caption"))

    def _speak(self, code: str, *, is_on: bool) -> None:
        chosen = {*self._languages, code} if is_on else {*self._languages} - {code}
        self._languages = [each for each in words.LANGUAGES if each in chosen] or ["fr"]
        self._draw_questions()
        self.check()

    def _draw_questions(self) -> None:
        self._place.clear()
        with self._place:
            for number, question in enumerate(self._questions):
                self._draw_question(number, question)
            if self._may_write:
                with layout.row():
                    buttons.secondary(t("Ajouter une question"), self._add, icon="add")

    def _draw_question(self, number: int, question: Question) -> None:
        title = t("Question {number}").format(number=count(number + 1))
        with cards.titled(title, question.code), fields.form():
            later = {each.code: each.code for each in self._questions[number + 1 :]}
            question.draw(self._languages, later, self.check, self._redraw)
            if self._may_write:
                with layout.row(at_end=True):
                    if number:
                        buttons.icon_only("arrow_upward", t("Monter"), self._doing(number, self._raise))
                    buttons.icon_only("delete", t("Retirer la question"), self._doing(number, self._remove))

    def _doing(self, number: int, act: Callable[[int], None]) -> Callable[[], None]:
        def run() -> None:
            act(number)
            self._redraw()

        return run

    def _redraw(self) -> None:
        self._draw_questions()
        self.check()

    def _raise(self, number: int) -> None:
        self._questions.insert(number - 1, self._questions.pop(number))

    def _remove(self, number: int) -> None:
        del self._questions[number]

    def _add(self) -> None:
        self._questions.append(Question.blank(len(self._questions) + 1))
        self._redraw()

    def check(self) -> None:
        """Show every screen as it stands now, and what is wrong with the others."""
        made = [drafted(question, self._languages) for question in self._questions]
        sound = [each for each in made if isinstance(each, QuestionDraft)]
        screens, faults = service.preview_screens(self._languages, sound, self._languages[0])
        told = [t("{code} : {fault}").format(code=code, fault=t(fault)) for code, fault in faults.items()]
        told += [each for each in made if isinstance(each, str)]
        shown = [_phone(number, screen) for number, screen in enumerate(screens, start=1)]
        lines = [tag("p", line, class_="template-fault") for line in told]
        self._screens.set_content(join(*lines, phone_screens.phone_screens(shown)))

    def _order(self) -> SaveSurvey | None:
        made = [drafted(question, self._languages) for question in self._questions]
        faults = [each for each in made if isinstance(each, str)]
        if faults:
            toasts.refused(faults[0])
            return None
        boxes = {"name": self._name, "code": self._code, "quota": self._quota, "closes_at": self._closes}
        role = str(self._role.value or "")
        questions = tuple(each for each in made if isinstance(each, QuestionDraft))
        return forms.fill(
            SaveSurvey,
            boxes,
            survey_id=self._row.id if self._row else None,
            code=forms.written(self._code),
            name=forms.written(self._name),
            languages=tuple(self._languages),
            closes_at=moments.read(forms.written(self._closes)),
            quota=forms.written(self._quota) or None,
            audience={"kind": "filter", "roles": [role]} if role else {"kind": "all"},
            has_one_answer_per_phone=bool(self._once.value),
            is_anonymous=bool(self._anonymous.value),
            questions=questions,
        )

    async def _keep(self) -> SurveyRow | None:
        order = self._order()
        if order is None:
            return None
        outcome = await shell.attempt(service.save_survey, order)
        if isinstance(outcome, Refusal):
            forms.say(outcome, {"code": self._code, "name": self._name, "closes_at": self._closes})
            return None
        return outcome

    async def _save(self) -> None:
        kept = await self._keep()
        if kept is None:
            return
        toasts.done(t("Brouillon gardé."))
        if self._row is None:
            ui.navigate.to(f"{words.SURVEYS}/{kept.id}")

    async def _ask_open(self) -> None:
        kept = await self._keep()
        if kept is None:
            return

        async def confirm() -> Any:
            return await open_now(kept.id)

        confirm_dialog.confirm_dialog(
            t("Ouvrir « {name} »").format(name=kept.name),
            t("Les abonnés le trouvent aussitôt sous 4 du menu des services. Ses questions ne changeront plus."),
            act=t("Ouvrir le sondage"),
            confirm=confirm,
        )


def _phone(number: int, screen: ScreenPreview) -> PhoneScreen:
    note = t("{size} / {limit} septets").format(size=count(screen.size), limit=count(screen.limit))
    typed = MENU_KEY if number == 1 else t("réponse")
    if not screen.is_plain:
        return PhoneScreen(number, screen.code, typed, screen.text, note, t("lettre hors alphabet"), Tone.RED)
    mark = t("plusieurs pages") if screen.size > screen.limit else ""
    return PhoneScreen(number, screen.code, typed, screen.text, note, mark, Tone.OCHRE)


def _roles() -> dict[str, str]:
    return {
        "": t("Tout le monde"),
        "client": t("Les clients"),
        "agent": t("Les agents"),
        "merchant": t("Les marchands"),
    }


def _role_of(row: SurveyRow | None) -> str:
    return row.audience.roles[0] if row and row.audience.roles else ""
