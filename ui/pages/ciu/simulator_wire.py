"""The right side of the chat simulator: where the conversation stands, the raw exchange, every exchange, events."""

from dataclasses import dataclass
from datetime import datetime

from channels.ciu.rehearsing import Standing
from core.clock import now
from ui.components import cards, chips, code, facts, figures
from ui.components.empty import sentence
from ui.components.tiles import Measure, measures
from ui.labels import State, Tone, clock, count, decimal, duration, t
from ui.markup import Markup, join, show, tag
from ui.pages.ciu import simulator_words as words
from ui.pages.ciu.simulator_post import OK, Delivered

MS = 1_000
SLOW_MS = 300
MOST_LINES = 30
DASH = "\N{EM DASH}"
_OF_OUR_SERVER = frozenset({"date", "server", "content-length"})


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    typed: str
    delivered: Delivered


class Wire:
    """Figures, state, octets, list; `add` shows one exchange, `show_standing` where the conversation is."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._last: Delivered | None = None
        self._standing: Standing | None = None
        self._figures = show(Markup(), classes="measures-tight")
        with cards.titled(t("État"), t("ce que le service sait de ce téléphone, jamais ses réponses")):
            self._state = show(Markup())
        with cards.titled(t("Sur le fil"), t("à la vraie adresse, signé")):
            self._bytes = show(Markup())
        with cards.titled(t("Échanges"), is_flush=True, is_ruled=True):
            self._list = show(Markup(), classes="entries")
        with cards.titled(t("Événements"), t("comptés à part, hors des chiffres"), is_flush=True, is_ruled=True):
            self._events = show(Markup(), classes="entries")
        self.clear()

    def clear(self) -> None:
        """Begin again."""
        self._lines, self._last = [], None
        self._bytes.set_content(sentence(t("La requête et sa réponse paraîtront ici, telles quelles."), "data_object"))
        self._list.set_content(sentence(t("Chaque requête paraîtra ici."), "swap_vert"))
        self.show_standing(None)

    def add(self, delivered: Delivered, typed: str) -> None:
        """Show one exchange."""
        self._last = delivered
        self._bytes.set_content(_octets(delivered))
        self._lines = [_Line(now(), typed, delivered), *self._lines][:MOST_LINES]
        self._list.set_content(_table(self._lines))
        self.tick()

    def show_standing(self, standing: Standing | None) -> None:
        """Show where the conversation is."""
        self._standing = standing
        self._state.set_content(_state(standing))
        self._events.set_content(_events(standing))
        self.tick()

    def tick(self) -> None:
        """Count down."""
        self._figures.set_content(measures(_figures(self._standing, self._last)))


def _figures(standing: Standing | None, last: Delivered | None) -> list[Measure]:
    step = DASH
    if standing is not None and standing.step is not None:
        step = f"{min(standing.step + 1, standing.questions)}" if standing.step >= 0 else "0"
    left_s = (standing.expires_at - now()).total_seconds() if standing and standing.expires_at else None
    elapsed_ms = last.exchange.elapsed_s * MS if last else None
    return [
        Measure(
            t("Étape"),
            figures.figure(step, f"/ {standing.questions}" if standing and standing.questions else "", is_big=True),
            _where(standing),
        ),
        Measure(
            t("Expire dans"),
            figures.figure(DASH if left_s is None else duration(max(left_s, 0)), is_big=True),
            t("à compter du dernier message"),
        ),
        Measure(
            t("Réponse"),
            figures.figure(str(last.exchange.status) if last else DASH, "HTTP" if last else "", is_big=True),
            last.exchange.media_type.partition(";")[0] if last else "",
        ),
        Measure(
            t("Temps"),
            figures.figure(
                DASH if elapsed_ms is None else decimal(elapsed_ms, 0),
                "ms",
                is_big=True,
                tone=Tone.RED if elapsed_ms is not None and elapsed_ms > SLOW_MS else None,
            ),
            t("objectif {target} ms").format(target=SLOW_MS),
        ),
    ]


def _where(standing: Standing | None) -> str:
    if standing is None:
        return t("Ce téléphone n'a jamais écrit")
    if standing.step is None:
        return words.end(standing.end_reason)
    return words.page(standing.page, standing.step, standing.questions)


def _state(standing: Standing | None) -> Markup:
    if standing is None:
        return sentence(t("Rien n'est encore connu de ce téléphone."), "mobile")
    codes = [tag("code", one, class_="code-inline") for one in standing.codes]
    shown = join(*(tag("span", one, " ") for one in codes))
    return facts.facts(
        [
            (t("Conversation"), _where(standing)),
            (t("Question"), standing.question),
            (t("Langue"), words.LANGUAGES.get(standing.language, standing.language)),
            (t("Recette"), standing.recipe),
            (t("Refus"), count(standing.refusals)),
            (t("Silence demandé (STOP)"), t("oui") if standing.is_stopped else t("non")),
            (t("Codes d'essai"), shown),
        ]
    )


def _octets(seen: Delivered) -> Markup:
    asked = [f"{name}: {value}" for name, value in seen.request.headers.items()]
    kept = [f"{name}: {value}" for name, value in seen.exchange.headers.items() if name not in _OF_OUR_SERVER]
    return tag(
        "div",
        code.block("\n".join([f"POST {seen.request.target}", *asked]), title=t("Tête de la requête")),
        code.block(seen.request.body.decode("utf-8", "replace"), title=t("Requête")),
        code.block("\n".join([f"HTTP {seen.exchange.status}", *kept]), title=t("Tête de la réponse")),
        code.block(seen.exchange.answer.decode("utf-8", "replace"), title=t("Réponse")),
        class_="wire wire-wrapped",
    )


def _sign(seen: Delivered) -> Markup:
    if seen.exchange.status != OK:
        return chips.chip(State.FAILED, t("Refusée"))
    if seen.is_same is not None:
        return chips.chip(State.DONE, t("Mêmes octets")) if seen.is_same else chips.chip(State.UNKNOWN, t("Autre"))
    if seen.is_waiting:
        return chips.chip(State.PENDING, t("En attente"))
    return chips.chip(State.DONE, t("Prise")) if seen.said else chips.chip(State.CANCELLED, t("Silence"))


def _table(lines: list[_Line]) -> Markup:
    heads = (t("Message"), t("Identifiant"), t("État"), t("Temps"), t("Heure"))
    kinds = ("", "wide-only", "", "number", "number wide-only")
    head = tag(
        "tr", *(tag("th", word, scope="col", class_=kind or None) for word, kind in zip(heads, kinds, strict=True))
    )
    rows = join(*map(_row, lines))
    return tag("table", tag("thead", head), tag("tbody", rows), class_="plain-table")


def _row(line: _Line) -> Markup:
    seen = line.delivered
    return tag(
        "tr",
        tag("td", line.typed or t("(vide)")),
        tag("td", tag("code", f"…{seen.order.message_id[-8:]}", class_="code-inline"), class_="wide-only"),
        tag("td", _sign(seen)),
        tag("td", f"{decimal(seen.exchange.elapsed_s * MS, 0)} ms", class_="number"),
        tag("td", clock(line.at, with_seconds=True), class_="number wide-only"),
    )


def _events(standing: Standing | None) -> Markup:
    if standing is None or not standing.happened:
        return sentence(t("Les événements de ce téléphone paraîtront ici."), "timeline")
    heads = (t("Événement"), t("Question"), t("Heure"))
    head = tag("tr", *(tag("th", word, scope="col", class_="number" if word == heads[2] else None) for word in heads))
    rows = (
        tag(
            "tr",
            tag("td", words.event(one.name)),
            tag("td", " · ".join(part for part in (one.question, one.error) if part)),
            tag("td", clock(one.at, with_seconds=True), class_="number"),
        )
        for one in standing.happened
    )
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="plain-table")
