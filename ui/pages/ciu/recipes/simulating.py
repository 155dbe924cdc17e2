"""What a recipe does to so many people: how many share a code, how many would be split, and both curves."""

from typing import Any

from nicegui import ui

from services.ciu.simulator import FEWEST_PEOPLE, MOST_PEOPLE, Simulation
from ui.components import buttons, cards, charts, fields, tiles
from ui.components.figures import figure
from ui.components.plain_tables import Head, Line, plain_table
from ui.components.progress import plain_bar
from ui.components.tiles import Measure
from ui.labels import Tone, count, percent, t
from ui.markup import Markup, show, tag
from ui.pages.ciu.recipes import simulations
from ui.pages.ciu.recipes.draft import RecipeDraft
from ui.pages.ciu.recipes.simulations import Run

LOOKS_EVERY_S = 0.25
SIZES = (500, 5_000, 50_000, 500_000)
HIGHEST_SEED = 1_000_000_000
RARE = 0.001  # below it a share is written with more decimals


class SimulationPanel:
    """The form, the progress, the figures of the last run."""

    def __init__(self, draft: RecipeDraft) -> None:
        self._draft = draft
        self._run: Run | None = None
        with cards.titled(t("Population imaginaire"), t("jamais de vraies personnes")), fields.form():
            with ui.element("div").classes("more-fields"):
                self._draw_form()
            with ui.element("div").classes("abreast"):
                self._begin = buttons.primary(t("Simuler"), self._start, icon="experiment")
                self._stop = buttons.secondary(t("Arrêter"), self._end)
            self._progress = show(Markup()).props("role=status")
        self._place = ui.element("div").classes("stack")
        self._timer = ui.timer(LOOKS_EVERY_S, self._look, active=False)

    def _draw_form(self) -> None:
        hint = t("{least} à {most}").format(least=count(FEWEST_PEOPLE), most=count(MOST_PEOPLE))
        self._people = fields.text(t("Personnes"), value=str(SIZES[2]), hint=hint)
        self._seed = fields.text(t("Graine"), value="1", hint=t("La même donne les mêmes chiffres."))
        self._error = fields.text(t("Erreurs de frappe, en %"), value="3", hint=t("Par réponse."))
        for box in (self._people, self._seed, self._error):
            box.props("inputmode=decimal")

    def draw(self) -> None:
        """Show the last run of this very recipe, if there was one."""
        self._follow(simulations.latest(self._draft.recipe))

    def _start(self) -> None:
        people = _whole(self._people, FEWEST_PEOPLE, MOST_PEOPLE)
        seed = _whole(self._seed, 0, HIGHEST_SEED)
        error = _share(self._error)
        if people is None or seed is None or error is None:
            return
        if any(fault.rule in {"unknown_question", "empty_layout"} for fault in self._draft.findings):
            fields.show_error(self._people, t("Corrigez d'abord le code."))
            return
        self._follow(simulations.begin(self._draft.recipe, people, seed, error))

    def _end(self) -> None:
        if self._run is not None:
            self._run.stop()
        self._look()

    def _follow(self, run: Run | None) -> None:
        self._run = run
        self._look()
        self._timer.active = run is not None and not run.is_over

    def _look(self) -> None:
        """Show how far it is; once it is over, what was found."""
        run = self._run
        is_running = run is not None and not run.is_over
        self._begin.set_enabled(not is_running)
        self._stop.set_visibility(is_running)
        if is_running and run is not None:
            told = t("{people} personnes : {share}").format(people=count(run.asked.people), share=percent(run.share, 0))
            self._progress.set_content(
                tag("div", plain_bar(run.share, label=told), tag("span", told, class_="caption"))
            )
            return
        self._timer.active = False
        self._place.clear()
        stopped = t("Simulation arrêtée.") if run and run.is_stopped else ""
        failed = t("La simulation a échoué.") if run and run.has_failed else ""
        self._progress.set_content(tag("span", stopped or failed, class_="caption"))
        if run is not None and run.found is not None:
            with self._place:
                draw_found(run.found, has_clear_part=self._draft.readable > 0)


def draw_found(found: Simulation, *, has_clear_part: bool) -> None:
    """Place the figures and both curves."""
    told = t("{people} personnes, graine {seed}").format(people=count(found.people), seed=found.seed)
    cards_note = tag("span", told)
    show(tiles.measures(_measures(found, has_clear_part=has_clear_part)))
    if not found.curve:
        cards.notice(t("Sans question, rien ne se compare : chacun reçoit un code nouveau."))
        return
    with cards.titled(t("Plus de questions : moins de collisions, plus de séparations"), cards_note):
        charts.chart(figure_of(found), label=t("Part des personnes, par nombre de questions"), is_tall=True)
        show(_table(found))


def figure_of(found: Simulation) -> dict[str, Any]:
    """Return both curves by number of questions, in percent."""
    numbers = [point.questions for point in found.curve]
    curves = (
        (t("Confondues"), [round(100 * point.shared, 3) for point in found.curve], "ochre"),
        (t("Séparées"), [round(100 * point.split, 3) for point in found.curve], "accent"),
    )
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": numbers,
                "y": values,
                "line": {"color": ink},
            }
            for name, values, ink in curves
        ],
        "layout": {"xaxis": {"dtick": 1, "title": {"text": t("Questions")}}, "yaxis": {"ticksuffix": " %"}},
    }


def _measures(found: Simulation, *, has_clear_part: bool) -> list[Measure]:
    clear = _percent(found.clear_shared) if has_clear_part else "\N{EM DASH}"
    shown = t("ce que le code montre") if has_clear_part else t("le code ne montre rien")
    return [
        Measure(t("Partie lisible partagée"), figure(clear), shown),
        Measure(
            t("Code entier partagé"),
            figure(_percent(found.code_shared), tone=Tone.RED if found.code_shared else None),
            t("avant d'allonger le suffixe"),
        ),
        Measure(t("Mêmes réponses"), figure(_percent(found.answers_shared)), t("aucune recette ne les distingue")),
        Measure(
            t("Suffixe"),
            figure(found.suffix_bits, t("bits")),
            t("1 % de risque dès {people} personnes").format(people=count(found.one_percent_at))
            if found.one_percent_at
            else t("rien ne distingue deux codes égaux"),
        ),
        Measure(
            t("Reviennent séparées"),
            figure(_percent(found.split)),
            t("à {error} d'erreur par réponse").format(error=percent(found.error)),
        ),
    ]


def _table(found: Simulation) -> Markup:
    heads = (Head(t("Questions"), is_number=False), Head(t("Confondues")), Head(t("Séparées")))
    lines = [Line(count(point.questions), (_percent(point.shared), _percent(point.split))) for point in found.curve]
    return plain_table(heads, lines, label=t("Part des personnes, par nombre de questions"))


def _percent(share: float) -> str:
    return percent(share, 3 if 0 < share < RARE else 1)


def _whole(box: ui.input, least: int, most: int) -> int | None:
    text = "".join(str(box.value or "").split())
    is_right = text.isascii() and text.isdecimal() and least <= int(text) <= most
    said = t("De {least} à {most}.").format(least=count(least), most=count(most))
    fields.show_error(box, None if is_right else said)
    return int(text) if is_right else None


def _share(box: ui.input) -> float | None:
    text = str(box.value or "").strip().replace(",", ".")
    try:
        share = float(text) / 100
    except ValueError:
        share = -1.0
    is_right = 0 <= share < 1
    fields.show_error(box, None if is_right else t("Un pourcentage, de 0 à 99."))
    return share if is_right else None
