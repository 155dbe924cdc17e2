"""What a simulated phone says and hears: figures, octets, the turn as it is read, the ledger, every exchange."""

from dataclasses import dataclass

from channels.ussd import simulation, trial_lines
from core import gsm7
from core.clock import now
from core.errors import Refusal
from core.gsm7 import Coding, Limits
from core.masking import DOTS
from core.settings import get_settings
from services import subscribers
from services.subscribers import OperationRow
from ui import shell
from ui.components import cards, chips, code, facts, figures
from ui.components.empty import sentence
from ui.components.progress import plain_bar
from ui.components.tiles import Measure, measures
from ui.labels import State, Tone, clock, count, decimal, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import words
from ui.pages.ussd.operation import entries
from ui.pages.ussd.simulator import Seen

MS = 1_000
MOST_LINES = 30
TURN_KINDS = {
    "": "Début si la session est inconnue, sinon suite",
    "begin": "Début",
    "continue": "Suite",
    "end": "Fin dite par le réseau",
    "abort": "Abandon",
    "timeout": "Délai passé",
    "event": "Compte rendu",
    "status": "Vérification",
    "shown": "Écran affiché",
}
_OF_OUR_SERVER = frozenset({"date", "server", "content-length"})


@dataclass(frozen=True, slots=True)
class _Line:
    """One exchange of the list; nothing in it is a secret."""

    at: str
    typed: str
    answer: str
    elapsed_ms: float
    size: str
    sign: Markup


class Wire:
    """The right side: figures, bytes, ledger, list."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._figures = show(measures(_figures(None)))
        with cards.titled(t("Sur le fil"), t("à l'adresse d'un compte d'essai")):
            self._bytes = show(sentence(t("Les octets exacts paraîtront ici, dans les deux sens."), "data_object"))
        with cards.titled(t("Demande lue"), t("ce que le profil de la passerelle en comprend")):
            self._turn = show(sentence(t("La demande décodée paraîtra ici."), "rule"))
        with cards.titled(t("Grand livre"), t("ce que la réponse a écrit"), is_flush=True, is_ruled=True):
            self._ledger = show(_no_money(), classes="entries")
        with cards.titled(t("Échanges"), is_flush=True, is_ruled=True):
            nothing = sentence(t("Chaque requête paraîtra ici, les codes secrets en points."), "swap_vert")
            self._list = show(nothing, classes="entries")

    async def add(self, seen: Seen) -> None:
        """Show one exchange."""
        self._figures.set_content(measures(_figures(seen)))
        self._bytes.set_content(_octets(seen))
        self._turn.set_content(_turn(seen))
        self._lines = [_line(seen), *self._lines][:MOST_LINES]
        self._list.set_content(_table(self._lines))
        operation_id = seen.standing.operation_id if seen.standing else None
        found = await shell.read(subscribers.get_operation, operation_id) if operation_id else None
        self._ledger.set_content(join(_operation(found[0]), entries(found[1])) if found else _no_money())


def _figures(seen: Seen | None) -> list[Measure]:
    deadline_ms = get_settings().ussd_deadline_ms
    if seen is None:
        dash = figures.figure("\N{EM DASH}", is_big=True)
        labels = (t("Réponse"), t("Codage"), t("Taille"), t("Temps"))
        return [Measure(label, dash) for label in labels]
    elapsed_ms = seen.exchange.elapsed_s * MS
    word = seen.heard.word if seen.heard else "HTTP"
    coding, size, most = _size(seen)
    late = Tone.RED if elapsed_ms > deadline_ms else None
    return [
        Measure(t("Réponse"), figures.figure(word, str(seen.exchange.status), is_big=True), seen.exchange.media_type),
        Measure(
            t("Codage"), figures.figure(coding, is_big=True), t("tient sur tous les réseaux") if size <= most else ""
        ),
        Measure(
            t("Taille"),
            figures.figure(size, f"/ {most}", is_big=True),
            t("septets") if coding == "GSM-7" else t("unités"),
        ),
        Measure(
            t("Temps"),
            figures.figure(decimal(elapsed_ms, 0), "ms", is_big=True, tone=late),
            t("délai {deadline} s").format(deadline=decimal(deadline_ms / MS, 0)),
        ),
    ]


def _size(seen: Seen) -> tuple[str, int, int]:
    """Return how the answer travels on the radio: coding, size and budget."""
    measured = gsm7.measure(seen.heard.text if seen.heard else "")
    names = {Coding.GSM7: "GSM-7", Coding.UCS2: "UCS-2"}
    return names[measured.coding], measured.size, _budget(seen).of(measured.coding)


def _budget(seen: Seen) -> Limits:
    return seen.line.contract.profile.page_limits({})


def _octets(seen: Seen) -> Markup:
    deadline_ms = get_settings().ussd_deadline_ms
    elapsed_ms = seen.exchange.elapsed_s * MS
    left = t("Il restait {left} s sur {deadline} s pour répondre").format(
        left=decimal(max(deadline_ms - elapsed_ms, 0) / MS, 2), deadline=decimal(deadline_ms / MS, 0)
    )
    spent = plain_bar(elapsed_ms / deadline_ms, label=t("Part du délai de réponse"))
    return tag(
        "div",
        code.block(_request_head(seen), title=t("Tête de la requête")),
        code.octets(seen.request.content, title=t("Requête"), hidden=seen.request.hidden),
        code.block(_answer_head(seen), title=t("Tête de la réponse")),
        code.octets(seen.exchange.answer, title=t("Réponse")),
        code.block(seen.heard.text, title=t("Texte décodé")) if seen.heard else None,
        tag("div", tag("span", left, class_="caption"), spent, class_="limit"),
        class_="wire",
    )


def _request_head(seen: Seen) -> str:
    """Return method, address without its secret, and headers, secrets in dots."""
    shown = seen.request.shown
    below = f"/{shown.path}" if shown.path else ""
    headers = dict(shown.headers) | ({trial_lines.HEADER: str(seen.line.version_id)} if seen.line.version_id else {})
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\n".join([f"{shown.method} /g/{seen.line.gateway}/{DOTS}{below}", *lines])


def _answer_head(seen: Seen) -> str:
    kept = {name: value for name, value in seen.exchange.headers.items() if name not in _OF_OUR_SERVER}
    lines = [
        f"{name}: {value.replace(seen.line.path, f'/g/{seen.line.gateway}/{DOTS}')}" for name, value in kept.items()
    ]
    return "\n".join([f"HTTP {seen.exchange.status}", *lines])


def _turn(seen: Seen) -> Markup:
    """Return the turn as the profile reads it, from the request without its secrets."""
    contract, shown = seen.line.contract, seen.request.shown
    try:
        turn = contract.decode(contract.read(shown), simulation.place(), now())
    except Refusal as refusal:
        return sentence(shell.sentence_of(refusal), "error")
    is_numbered = turn.identity is not None or turn.transcript is not None
    said = turn.message if turn.transcript is None else turn.transcript
    pairs = [
        (t("Nature"), TURN_KINDS.get(turn.kind or "", "") and t(TURN_KINDS[turn.kind or ""])),
        (t("Session"), tag("code", turn.session_key, class_="code-inline")),
        (t("Appelant"), turn.phone or t("Appelant anonyme")),
        (t("Code"), turn.code or turn.dialled or ""),
        (t("Texte cumulé") if turn.transcript is not None else t("Réponse donnée"), said or t("(vide)")),
        (t("Réseau"), words.network(turn.network) if turn.network else ""),
        (t("Langue"), words.language(turn.language) if turn.language else ""),
        (t("Reconnue par"), t("son propre numéro") if is_numbered else t("la dernière réponse")),
    ]
    return facts.facts([pair for pair in pairs if pair[1]])


def _operation(row: OperationRow) -> Markup:
    name = f"{words.kind(row.type)} {row.reference}"
    link = tag("a", name, href=f"{words.SECTION}/operations/{row.id}", class_="line-title")
    parties = f"{row.payer_name} → {row.payee_name} · {money(row.amount)}"
    return tag("div", tag("div", link, tag("span", parties, class_="caption"), class_="message-head"), class_="message")


def _no_money() -> Markup:
    return sentence(t("Rien n'a bougé. Un transfert confirmé par son code écrira ici."), "receipt_long")


def _line(seen: Seen) -> _Line:
    first = seen.heard.text.partition("\n")[0] if seen.heard else f"HTTP {seen.exchange.status}"
    coding, size, _ = _size(seen)
    return _Line(
        at=clock(now(), with_seconds=True),
        typed=seen.typed,
        answer=first,
        elapsed_ms=seen.exchange.elapsed_s * MS,
        size=f"{count(size)} {coding}",
        sign=_sign(seen),
    )


def _sign(seen: Seen) -> Markup:
    if seen.heard is None:
        return chips.chip(State.FAILED, t("Refusée"))
    if seen.is_same is None:
        return chips.chip(State.RUNNING, t("Suite")) if seen.heard.is_open else chips.chip(State.DONE, t("Fin"))
    return chips.chip(State.DONE, t("Mêmes octets")) if seen.is_same else chips.chip(State.UNKNOWN, t("Autre réponse"))


def _table(lines: list[_Line]) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Saisie"), scope="col"),
        tag("th", t("Réponse"), scope="col"),
        tag("th", t("État"), scope="col"),
        tag("th", t("Taille"), scope="col", class_="number wide-only"),
        tag("th", t("Temps"), scope="col", class_="number"),
        tag("th", t("Heure"), scope="col", class_="number wide-only"),
    )
    rows = join(*map(_row, lines))
    return tag("table", tag("thead", head), tag("tbody", rows), class_="plain-table")


def _row(line: _Line) -> Markup:
    return tag(
        "tr",
        tag("td", line.typed or t("(vide)")),
        tag("td", line.answer),
        tag("td", line.sign),
        tag("td", line.size, class_="number wide-only"),
        tag("td", f"{decimal(line.elapsed_ms, 0)} ms", class_="number"),
        tag("td", line.at, class_="number wide-only"),
    )
