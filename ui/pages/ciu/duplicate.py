"""`/ciu/doublons/{id}`: both sides, what speaks for one person, and the decision, by hand or by one key."""

from nicegui import events, ui

from core import ids
from core.errors import NotFound, Refusal
from core.permissions import Permission
from models.ciu_pairs import PairState
from services.ciu.store import reviews
from services.ciu.store.reviews import PairCard, PairRow, Side
from ui import shell
from ui.components import buttons, cards, chips, facts, history, layout
from ui.components.progress import plain_bar
from ui.labels import Tone, count, moment, t
from ui.markup import Markup, join, show, tag
from ui.pages.ciu import deciding, words
from ui.pages.ciu.code import happening

HIGHEST = 99
SURE = 75
WAITING = (PairState.OPEN, PairState.LATER)


@shell.screen("/ciu/doublons/{pair_id}", title="Doublon possible", needs=Permission.CIU_ACT)
async def duplicate(pair_id: str) -> None:
    """Draw the pair; after a decision the next one that waits is a step away."""
    identifier = ids.parse_id(pair_id)
    if identifier is None:
        raise NotFound(thing="ciu_pair")
    found = await shell.attempt(reviews.get_pair, identifier)
    if isinstance(found, Refusal):
        raise found
    page = _Page(found)
    page.draw()
    ui.keyboard(on_key=page.on_key)


class _Page:
    """One pair as it was drawn last."""

    def __init__(self, found: PairCard) -> None:
        self._card = found
        self._place = layout.stack()

    def draw(self) -> None:
        """Draw all of it."""
        self._place.clear()
        with self._place:
            self._draw_head()
            row = self._card.row
            if words.may_be_twins(row):
                cards.notice(t(words.TWINS), tone="ochre", icon_name="family_restroom")
            with layout.grid():
                with layout.cell(6):
                    _draw_side(row.left, _first_title(row), row.right.code if row.right else row.left.code)
                with layout.cell(6):
                    _draw_second(row)
                with layout.cell(6), cards.titled(t("Ce qui le fait penser")):
                    show(_evidence(row))
                with layout.cell(6):
                    self._draw_rest()

    async def refresh(self) -> None:
        """Read it again and draw it."""
        fresh = await shell.read(reviews.get_pair, self._card.row.id)
        if fresh is not None and not self._place.is_deleted:
            self._card = fresh
            self.draw()

    async def on_key(self, event: events.KeyEventArguments) -> None:
        """Open the dialog of a decision by its letter."""
        letter = str(event.key).upper()
        if (
            not event.action.keydown
            or event.action.repeat
            or event.modifiers.ctrl
            or event.modifiers.alt
            or event.modifiers.meta
        ):
            return
        is_waiting = self._card.row.state in WAITING
        acts = {"U": self._ask_same, "D": self._ask_two, "P": self._ask_later} if is_waiting else {"A": self._ask_undo}
        if letter in acts and not (letter == "P" and self._card.row.state is PairState.LATER):
            acts[letter]()

    def _draw_head(self) -> None:
        row = self._card.row
        title = t("Une personne, ou deux ?")
        crumbs = [("CIU", words.HOME), (t("Doublons"), words.PAIRS)]
        chip = chips.chip(words.PAIR_STATES[row.state])
        with layout.page_head(title, t(words.CAUSES[row.cause]), crumbs=crumbs, chip=chip):
            buttons.quiet(t("Suivant"), self._next, icon="arrow_forward")
            if row.state not in WAITING:
                _keyed(buttons.secondary(t("Annuler la décision"), self._ask_undo, icon="undo"), "A")
                return
            if row.state is PairState.OPEN:
                _keyed(buttons.quiet(t("Plus tard"), self._ask_later, icon="schedule"), "P")
            _keyed(buttons.secondary(t("Deux personnes"), self._ask_two, icon="call_split"), "D")
            _keyed(buttons.secondary(t("Une seule personne"), self._ask_same, icon="merge"), "U")

    def _draw_rest(self) -> None:
        row = self._card.row
        if row.state not in WAITING:
            with cards.titled(t("Décision")):
                show(_decision(row))
        with cards.titled(t("Historique")):
            show(history.history([happening(entry) for entry in self._card.history]))

    def _ask_same(self) -> None:
        deciding.ask_same(self._card, self.refresh)

    def _ask_two(self) -> None:
        deciding.ask_two(self._card.row, self.refresh)

    def _ask_later(self) -> None:
        deciding.ask_later(self._card.row, self.refresh)

    def _ask_undo(self) -> None:
        deciding.ask_undo(self._card.row, self.refresh)

    async def _next(self) -> None:
        found = await shell.read(reviews.list_pairs, limit=2)
        others = [pair.id for pair in found or [] if pair.id != self._card.row.id]
        ui.navigate.to(words.PAIR.format(others[0]) if others else words.PAIRS)


def _keyed(button: ui.button, letter: str) -> None:
    """Write the key of a decision on its button."""
    button.props["aria-keyshortcuts"] = letter
    with button:
        show(tag("kbd", letter, class_="key wide-only", aria_hidden="true"), name="span")


def _first_title(row: PairRow) -> str:
    return t("Premier code") if row.right else t("Le code")


def _draw_second(row: PairRow) -> None:
    if row.right is not None:
        _draw_side(row.right, t("Second code"), row.left.code)
        return
    with cards.titled(t("Le second numéro")):
        show(tag("p", row.asker or "\N{EM DASH}", class_="pair-code tabular"))
        lines: list[facts.Fact] = [
            (t("A donné les mêmes réponses le"), moment(row.asked_at)),
            (t("Langue"), words.language(row.asker_language)),
        ]
        if row.split_code:
            lines.append((t("Son propre code"), row.split_code))
        show(facts.facts(lines))


def _draw_side(side: Side, title: str, other: str) -> None:
    with cards.titled(title):
        link = tag("a", _compared(side.code, other), href=words.CODE.format(side.record_id), class_="link")
        show(tag("p", link, class_="pair-code"))
        show(
            facts.facts(
                [
                    (t("Créé le"), moment(side.created_at)),
                    (t("Dernière visite"), moment(side.last_at)),
                    (t("Langue"), words.language(side.language)),
                    (t("Premier numéro"), side.phone),
                    (t("Numéros liés"), count(side.people)),
                    (t("Recette"), side.recipe),
                    (t("Origine"), words.source(side.source)),
                ]
            )
        )


def _compared(code: str, other: str) -> Markup:
    """Return a code with the parts marked in which another of the same form differs."""
    parts, others = code.split("-"), other.split("-")
    if len(parts) != len(others):
        return join(code)
    shown = (tag("mark", part) if part != match else join(part) for part, match in zip(parts, others, strict=True))
    return Markup("-".join(shown))


def _evidence(row: PairRow) -> Markup:
    tone = Tone.ACCENT if row.score >= SURE else Tone.OCHRE
    score = t("{score} sur 99").format(score=count(row.score))
    sentences = tag("ul", *(tag("li", one) for one in words.evidence(row)), class_="evidence")
    said = tag("p", t("Les réponses sont effacées : personne ne peut les relire."), class_="caption")
    return join(
        tag("p", tag("b", score), class_="score"),
        plain_bar(row.score / HIGHEST, label=score, tone=tone),
        sentences,
        said,
    )


def _decision(row: PairRow) -> Markup:
    kept = next((side.code for side in (row.left, row.right) if side and side.record_id == row.survivor_id), "")
    lines: list[facts.Fact] = [
        (t("Décidé par"), row.decided_by),
        (t("Le"), moment(row.decided_at)),
        (t("Motif"), row.reason),
    ]
    if kept:
        lines.append((t("Code qui reste"), kept))
    return facts.facts(lines)
