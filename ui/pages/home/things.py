"""What waits, as the home page words it."""

from collections.abc import Sequence

from num2words import num2words

from reports.waiting import Waiting
from ui.components import chips, figures, waiting
from ui.components.progress import plain_bar
from ui.labels import NO_BREAK, State, Tone, count, page_language, percent, printed, t, when
from ui.markup import Markup, join, tag
from ui.navigation import WHERE, WHERE_EXACTLY
from ui.pages.pensions import words

SAID_IN_WORDS = 10
MOST_SAID = 2

ACTIONS = {
    "books": "Voir la santé",
    "gateway": "Voir la panne",
    "stalled": "Voir les tâches",
    "job": "Voir la tâche",
    "unknown": "Ouvrir la file",
    "pins": "Débloquer",
    "messages": "Voir les messages",
    "transfers": "Ouvrir la file",
    "cases": "Examiner",
    "approvals": "Examiner",
    "providers": "Voir l'opérateur",
    "pension_approval": "Examiner",
    "pension_doubt": "Éclaircir",
    "pension_batch": "Suivre",
    "ciu_pairs": "Décider",
    "ciu_dhis2": "Régler",
}

# One of it, several of it.
SENTENCES = {
    "books": ("une règle des livres est rompue", "{number} règles des livres sont rompues"),
    "gateway": ("une passerelle est dégradée", "{number} passerelles sont dégradées"),
    "stalled": ("une tâche est arrêtée", "{number} tâches sont arrêtées"),
    "job": ("une tâche a échoué", "{number} tâches ont échoué"),
    "unknown": ("le sort d'un paiement est inconnu", "le sort de {number} paiements est inconnu"),
    "pins": ("un code secret est à débloquer", "{number} codes secrets sont à débloquer"),
    "messages": ("un message n'est pas parvenu", "{number} messages ne sont pas parvenus"),
    "transfers": ("le sort d'un transfert est inconnu", "le sort de {number} transferts est inconnu"),
    "cases": ("un dossier de paiement est à examiner", "{number} dossiers de paiement sont à examiner"),
    "approvals": ("une deuxième signature est attendue", "{number} deuxièmes signatures sont attendues"),
    "providers": ("un opérateur de paiement est dégradé", "{number} opérateurs de paiement sont dégradés"),
    "pension_approval": ("un lot de pensions est à approuver", "{number} lots de pensions sont à approuver"),
    "pension_doubt": ("une pension est à éclaircir", "{number} pensions sont à éclaircir"),
    "pension_batch": ("un lot de pensions est en cours", "{number} lots de pensions sont en cours"),
    "ciu_pairs": ("un doublon de CIU est à décider", "{number} doublons de CIU sont à décider"),
    "ciu_dhis2": ("un code est à régler avec DHIS2", "{number} codes sont à régler avec DHIS2"),
}

DECISIONS = frozenset({"pension_approval"})

CHIPS = {"gateway": State.DEGRADED, "books": State.FAILED, "job": State.FAILED, "stalled": State.SUSPENDED}


def summary(found: Sequence[Waiting]) -> str:
    """Return the sentence under the greeting: the most urgent first, two kinds at most."""
    numbers: dict[str, int] = {}
    for thing in found:
        numbers[thing.kind] = numbers.get(thing.kind, 0) + thing.count
    said = ", ".join(_said(kind, number) for kind, number in list(numbers.items())[:MOST_SAID])
    return f"{said[:1].upper()}{said[1:]}." if said else t("Tout est calme.")


def line(thing: Waiting) -> waiting.Waiting:
    """Return the line of one thing: what, since when, how much, and its one button."""
    detail = printed(thing.detail)
    if thing.since:
        detail = t("{detail}, depuis {moment}").format(detail=detail.rstrip("."), moment=when(thing.since))
    return waiting.Waiting(
        words.cycle_title(thing.title) if thing.kind in WHERE_EXACTLY else printed(thing.title),
        detail.lstrip(", ") if thing.progress is None else _running(thing),
        t(ACTIONS[thing.kind]),
        WHERE_EXACTLY.get(thing.kind, WHERE[thing.kind]).format(thing.subject),
        thing.icon,
        Tone(thing.tone),
        _figure(thing),
        t("montant retenu") if thing.amounts and not thing.subject else "",
        is_decision=thing.kind in DECISIONS,
    )


def _running(thing: Waiting) -> Markup:
    """Return how far something is that goes by itself: whose it is, its share, its bar."""
    done = thing.progress or 0.0
    said = f"{thing.detail}, {percent(done)}"
    return join(tag("span", said), plain_bar(done, label=said, tone=Tone(thing.tone)))


def _figure(thing: Waiting) -> Markup | str:
    if thing.amounts:
        return join(*(figures.amount(amount) for amount in thing.amounts))
    state = CHIPS.get(thing.kind)
    return chips.chip(state) if state else ""


def _said(kind: str, number: int) -> str:
    one, several = SENTENCES[kind]
    if number == 1:
        return t(one)
    word = str(num2words(number, lang=page_language())) if number <= SAID_IN_WORDS else count(number)
    return t(several).format(number=word.replace(" ", NO_BREAK))
