"""What a survey found: how many finished, each question's answers, when and where they came from."""

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from core.permissions import Permission
from core.rates import Rate
from models.surveys import QuestionKind, SurveyState
from reports import charts as figures
from services.surveys import SurveyRow, results
from services.surveys.results import FreeText, QuestionResult, Results, TagAnswer
from ui import live, shell
from ui.components import buttons, cards, charts, chips, confirm_dialog, dialogs, export, fields, layout, progress
from ui.components.facts import facts
from ui.components.progress import Part, Step
from ui.labels import Tone, count, decimal, moment, page_language, percent, t
from ui.markup import Markup, show, tag
from ui.pages.ussd.surveys import words
from ui.pages.ussd.surveys.acts import close_now

CHARTED = frozenset({QuestionKind.CHOICE, QuestionKind.SCALE, QuestionKind.NUMBER})


async def draw_results(row: SurveyRow) -> None:
    """Draw the page; figures follow the phones."""
    actor = shell.visitor()
    chip = chips.chip(words.STATES[row.state])
    with layout.page_head(row.name, _subtitle(row), crumbs=[(t("Sondages"), words.SURVEYS)], chip=chip):
        if actor.may(Permission.USSD_TEXTS_READ):
            export.export_button(f"sondage-{row.code}", results.head_of(row), partial(_lines, row), has_parquet=True)
        if row.state == SurveyState.OPEN and actor.may(Permission.USSD_SURVEYS_WRITE):
            buttons.secondary(t("Fermer le sondage"), partial(_ask_close, row), icon="stop_circle")
    place = layout.stack()

    async def draw() -> None:
        found = await shell.read(results.get_results, row.id, language=page_language())
        if found is None or place.is_deleted:
            return
        place.clear()
        with place:
            _draw(found, may_read=actor.may(Permission.USSD_TEXTS_READ))

    await draw()
    if row.state == SurveyState.OPEN:
        live.hub.subscribe(["ussd"], lambda _: draw())


async def _lines(row: SurveyRow) -> Sequence[Sequence[str]] | None:
    table = await shell.read(results.list_lines, row.id)
    return None if table is None else table[1]


def _subtitle(row: SurveyRow) -> str:
    kind = t("anonyme") if row.is_anonymous else t("réponses liées au numéro")
    if row.closed_at:
        return t("Fermé le {at}, {kind}.").format(at=moment(row.closed_at), kind=kind)
    return t("Ouvert le {at}, {kind}.").format(at=moment(row.opened_at), kind=kind)


def _draw(found: Results, *, may_read: bool) -> None:
    with cards.titled(t("Participation"), t("sur {count} commencées").format(count=count(found.started))):
        show(_participation(found))
    if found.survey.is_anonymous:
        cards.notice(t("Sondage anonyme : rien n'est montré de moins de 5 réponses."), icon_name="lock")
    with layout.grid():
        with layout.cell(7):
            for result in found.questions:
                _draw_question(found, result, may_read=may_read)
        with layout.cell(5):
            _draw_cuts(found)


def _participation(found: Results) -> Markup:
    rate = _rate(found.completion)
    parts = [
        Part(t("terminées"), found.completed, Tone.ACCENT),
        Part(t("en cours ou laissées"), found.left_open, Tone.OCHRE),
        Part(t("hors cible"), found.screened_out, Tone.NEUTRAL),
    ]
    headline = tag("b", rate)
    return progress.progress(parts, headline=headline, detail=t("des participations terminées"))


def _draw_question(found: Results, result: QuestionResult, *, may_read: bool) -> None:
    question = result.question
    title = question.text.get(page_language()) or next(iter(question.text.values()))
    note = t("{answered} réponses sur {asked} posées").format(
        answered=count(result.answered), asked=count(result.asked)
    )
    with cards.titled(title, note):
        if result.is_hidden:
            show(tag("p", t("Moins de 5 réponses : rien n'est montré."), class_="caption"))
        elif question.kind in CHARTED and result.answered:
            bars = [(each.label, each.rate.numerator, each.rate.value or 0) for each in result.shares]
            charts.chart(figures.bars(bars, t("réponses")), label=title, unit=t("réponses"))
            if result.average is not None:
                show(facts([(t("Moyenne"), decimal(result.average, 2))]))
        elif question.kind == QuestionKind.TEXT and result.answered and may_read:
            buttons.secondary(t("Lire les textes"), partial(_read_texts, found.survey, question.code), icon="list")
        elif not result.answered:
            show(tag("p", t("Aucune réponse encore."), class_="caption"))


def _share(label: str, rate: Rate) -> Step:
    return Step(label, rate.value or 0, count(rate.numerator), _rate(rate))


def _draw_cuts(found: Results) -> None:
    with cards.titled(t("Par jour")):
        if found.days:
            days = figures.columns(found.days, t("participations"))
            charts.chart(days, label=t("Participations par jour"), unit=t("participations"))
        else:
            show(tag("p", t("Rien à montrer pour l'instant."), class_="caption"))
    for title, cuts in (
        (t("Par réseau (estimé)"), [(name or t("réseau inconnu"), number) for name, number in found.networks]),
        (t("Par langue"), [(words.language(name), number) for name, number in found.languages]),
    ):
        with cards.titled(title):
            total = sum(number for _, number in cuts)
            show(progress.funnel([_share(name, Rate(number, total)) for name, number in cuts]))


def _rate(rate: Rate) -> str:
    return "–" if rate.value is None else percent(rate.value, 1)


def _ask_close(row: SurveyRow) -> None:
    told = t("Personne de nouveau n'est interrogé ; qui a commencé peut finir.")
    if row.is_anonymous:
        told += " " + t("La clé qui relie les numéros aux réponses est détruite, pour toujours.")
    confirm_dialog.confirm_dialog(
        t("Fermer « {name} »").format(name=row.name),
        told,
        act=t("Fermer le sondage"),
        confirm=partial(close_now, row.id),
    )


async def _read_texts(row: SurveyRow, code: str) -> None:
    """Open the free texts of one question, each with the tags it has."""
    found = await shell.read(results.list_texts, row.id, code)
    if found is None:
        return
    may_tag = shell.visitor().may(Permission.USSD_SURVEYS_WRITE)
    with dialogs.dialog(t("Textes libres")) as dialog:
        show(_tags(found))
        for each in found:
            box = fields.text(each.value, value=", ".join(each.tags), hint=t("étiquettes, séparées par des virgules"))
            box.set_enabled(may_tag)
            box.on("change", partial(_tag, each, box))
        with dialogs.actions():
            buttons.secondary(t("Fermer"), dialog.close)
    dialog.open()


def _tags(found: Sequence[FreeText]) -> Markup:
    counted: dict[str, int] = {}
    for each in found:
        for word in each.tags:
            counted[word] = counted.get(word, 0) + 1
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return progress.funnel([_share(word, Rate(number, len(found))) for word, number in ordered])


async def _tag(text: FreeText, box: ui.input) -> None:
    tags = tuple(str(box.value or "").split(","))
    await shell.act(results.tag_answer, TagAnswer(answer_id=text.id, tags=tags))
