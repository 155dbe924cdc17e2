"""The dialog of a new question: how it is read, and its sentence in each language."""

from typing import Any

from core.errors import Refusal
from services.ciu import editing
from services.ciu.recipes import UNKNOWABLE_KINDS, Kind, Question
from ui import forms
from ui.components import buttons, dialogs, fields, toasts
from ui.labels import speaking, t
from ui.pages.ciu.recipes import words
from ui.pages.ciu.recipes.draft import RecipeDraft


def ask_question(draft: RecipeDraft) -> None:
    """Ask for a question; it is added at the end of the recipe."""
    languages = draft.recipe.languages
    with dialogs.dialog(t("Nouvelle question")) as dialog, fields.form():
        kind = fields.choice(t("Lecture"), {one: words.kind(one) for one in Kind}, value=Kind.NAME)
        sentences: dict[str, Any] = {
            language: fields.long_text(t("Question en {language}").format(language=words.language(language).lower()))
            for language in languages
        }
        for language, box in sentences.items():
            box.props(f"lang={language}")
        unknown = fields.checkbox(t("Peut rester inconnue"))
        name = fields.text(
            t("Identifiant"), hint=t("Vide : tiré de la question. Il reste ; il paraît dans les rapports.")
        )
        name.props(f"maxlength={editing.LONGEST_ID}")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Ajouter la question"))

    def follow() -> None:
        chosen = Kind(str(kind.value))
        unknown.set_visibility(chosen in UNKNOWABLE_KINDS)
        for language, text in editing.ready_texts(chosen, languages).items():
            if text and not sentences[language].value:
                sentences[language].value = text

    async def run() -> None:
        texts = {language: forms.written(box) for language, box in sentences.items()}
        first = texts[draft.recipe.default_language] or next(filter(None, texts.values()), "")
        if not first:
            fields.show_error(sentences[draft.recipe.default_language], t("À remplir."))
            return
        chosen = Kind(str(kind.value))
        wanted = forms.written(name) or editing.fresh_id(draft.recipe, first)
        asked = Question.model_construct(
            id=wanted, kind=Kind.NAME, unknown=bool(unknown.value), options=(), min=0, max=999_999_999
        )
        try:
            with speaking():
                made = editing.add_question(draft.recipe, editing.as_kind(asked, chosen, languages), texts)
        except Refusal as refusal:
            forms.say(refusal, {"id": name})
            return
        dialog.close()
        await draft.change(made, is_shape=True)
        toasts.done(t("Question ajoutée."))

    kind.on_value_change(follow)
    follow()
    button.on_click(run)
    dialog.open()
