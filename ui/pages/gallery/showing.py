"""Specimens of what only shows."""

from collections.abc import Callable
from datetime import timedelta

from core.clock import now
from core.money import Currency, Money
from ui.components import (
    cards,
    chips,
    code,
    copy_field,
    empty,
    facts,
    figures,
    history,
    layout,
    progress,
    skeletons,
    tiles,
    waiting,
)
from ui.labels import State, Tone, change
from ui.markup import join, show, tag

Specimen = tuple[str, Callable[[], None]]
WAVE = (12, 14, 19, 20, 21, 25, 31, 28, 26, 20, 24, 23, 26, 31, 38, 52, 56, 59, 61, 54, 55, 57, 57, 58)
BEFORE = (14, 11, 18, 20, 20, 17, 19, 14, 20, 18, 16, 15, 22, 23, 31, 34, 34, 36, 38, 36, 32, 32, 35, 27)
XOF = Currency.XOF


def chip_states() -> None:
    """Draw every state with its icon and its word."""
    with cards.card():
        show(
            join(*(chips.chip(state) for state in State), chips.plain("Simulation", icon_name="experiment")),
            classes="abreast",
        )
        show(
            join(
                chips.avatar("MB"),
                chips.avatar("AD", is_done=True),
                *(chips.tile_icon("payments", tone) for tone in Tone),
            ),
            classes="abreast",
        )


def figure_kinds() -> None:
    """Draw figures, amounts, trends, times."""
    with cards.card():
        show(figures.amount(Money(4_862_500, XOF), is_big=True))
        show(figures.with_time(figures.amount(Money(240_000, XOF)), now()))
        show(figures.with_time(figures.figure(342, "sessions"), None))
        show(figures.amount(Money(-62_500, XOF), is_signed=True))
        show(figures.amount(Money(123_456, Currency.USD), is_signed=True))
        show(join(figures.trend(0.124, "que samedi dernier", shown=change(0.124))))
        show(join(figures.trend(-0.038, "que samedi dernier", shown=change(-0.038))))


def tile_row() -> None:
    """Draw service tiles and a band of measures."""
    up = figures.trend(0.124, "que samedi dernier", shown=change(0.124))
    down = figures.trend(-0.038, "que samedi dernier", shown=change(-0.038))
    shown = [
        tiles.Tile(
            "Tontines", "groups", figures.figure(4_862_500, "F CFA", is_big=True), "#t", up, WAVE, BEFORE, Tone.OCHRE
        ),
        tiles.Tile("CIU", "fingerprint", figures.figure(1_284, "codes", is_big=True), "#c", up, BEFORE, WAVE),
        tiles.Tile("USSD", "dialpad", figures.figure(48_212, "sessions", is_big=True), "#u", down, WAVE[::-1], BEFORE),
        tiles.Tile(
            "Pensions", "account_balance", figures.figure(61_204, "payées", is_big=True), "#p", "99,3 % du premier coup"
        ),
    ]
    show(tiles.tiles(shown))
    band = [
        tiles.Measure("Sessions en direct", figures.figure(342, is_big=True), "pic 418 à 12:30", BEFORE),
        tiles.Measure("Réponse p99", figures.figure(612, "ms", is_big=True), "objectif 1 000 ms", WAVE, Tone.OCHRE),
        tiles.Measure("Erreurs", figures.figure("0,8 %", is_big=True), "0,5 % hier", WAVE, Tone.RED),
    ]
    show(tiles.measures(band))


def waiting_things() -> None:
    """Draw the list of what waits, and the same with nothing in it."""
    ends = [
        waiting.Waiting(
            "Passerelle Moov Africa Bénin",
            "11 échecs sur 60 appels en 5 min, depuis 13:52",
            "Voir la panne",
            "#",
            "cell_tower",
            Tone.RED,
            chips.chip(State.DEGRADED),
        ),
        waiting.Waiting(
            "Remise à Rokhaya Gueye, Yoff Teranga",
            "4e main, approuvée par Ousmane Faye",
            "Examiner",
            "#",
            "how_to_reg",
            Tone.ACCENT,
            figures.amount(Money(300_000, XOF)),
            "2e signature",
            is_decision=True,
        ),
        waiting.Waiting(
            "3 paiements au sort inconnu",
            "Enquête en cours, le plus ancien depuis 42 min",
            "Ouvrir la file",
            "#",
            "help",
            Tone.OCHRE,
            figures.amount(Money(185_500, XOF)),
            "montant retenu",
        ),
        waiting.Waiting(
            "Lot CNSS Bénin de novembre en cours",
            progress.plain_bar(0.612, label="Lot de novembre"),
            "Suivre",
            "#",
            "sync",
            Tone.BLUE,
            figures.figure(61_204),
            "sur 99 988",
        ),
    ]
    with cards.titled("Ce qui vous attend", "Le plus urgent d'abord", count="9", is_flush=True, is_ruled=True):
        show(waiting.waiting_list(ends))
    with cards.titled("Ce qui vous attend", is_flush=True, is_ruled=True):
        show(waiting.waiting_list([]))


def progress_parts() -> None:
    """Draw a batch live, a funnel, errors by network."""
    parts = [
        progress.Part("Payées", 61_204, Tone.ACCENT, "3 804 116 000 F CFA"),
        progress.Part("En cours", 840, Tone.BLUE, "52 208 000 F CFA"),
        progress.Part("Sort inconnu", 37, Tone.OCHRE, "2 300 000 F CFA"),
        progress.Part("Échouées", 412, Tone.RED, "25 610 000 F CFA"),
        progress.Part("À envoyer", 37_495, Tone.NEUTRAL, "2 330 146 000 F CFA"),
    ]
    rate = join(tag("b", "146 par seconde"), ", fin vers 14:10")
    with cards.card():
        headline = figures.figure("61,2 %", is_big=True)
        show(progress.progress(parts, headline=headline, detail="payées, 61 653 réponses sur 99 988", rate=rate))
    steps = [
        progress.Step("Accueil", 1, "48 212"),
        progress.Step("Service", 0.868, "41 870", "−13,2 %"),
        progress.Step("Numéro", 0.567, "27 346", "−34,7 %", is_marked=True),
        progress.Step("Code secret", 0.374, "18 022", "−6,7 %"),
    ]
    with cards.titled("Parcours par écran", "24 h, passage et abandon"):
        show(progress.funnel(steps))


def things() -> None:
    """Draw facts, history, code, copy, notices."""
    with cards.titled("Compte"):
        pairs = [
            ("Disponible", figures.amount(Money(811_230_000, XOF))),
            ("Réservé", figures.amount(Money(2_384_654_000, XOF))),
        ]
        show(facts.facts([*pairs, ("Titulaire", "CNSS Bénin"), ("Dernier sceau", "")]))
    with cards.titled("Histoire"):
        show(history.history(_happenings()))
    with cards.card():
        show(copy_field.copy_field("985-KINS-15-JEA-KABI-A3F9D", label="Code"))
        show(code.block('{"sessionid": "abc", "msisdn": "+221770004218", "message": "1"}', title="Demande"))
        show(code.octets("CON Bienvenue\n1. Solde\n2. Transfert à Awa".encode(), title="Réponse"))
        cards.notice("Le menu v14 sera publié pour les nouvelles sessions.")
        cards.notice("Une passerelle est dégradée.", tone="red", icon_name="error")
        cards.notice("Deux paiements attendent une enquête.", tone="ochre", icon_name="help")
        cards.notice("Le grand livre est équilibré.", tone="accent", icon_name="verified")


def nothing_yet() -> None:
    """Draw empty states and skeletons."""
    with layout.stack(is_tight=True):
        with cards.card(is_flush=True):
            empty.empty("Vos clés d'API paraîtront ici.", icon="key", action="Créer une clé")
        show(skeletons.tiles(2))
        with cards.card():
            show(skeletons.lines())


def _happenings() -> list[history.Happening]:
    at = now()
    return [
        history.Happening(at, "Remise approuvée, 2e signature", "Mireille Bongo", "check", Tone.ACCENT),
        history.Happening(
            at - timedelta(minutes=4), "Sort inconnu, enquête lancée", "Moov Money, 62 500 F CFA", "help", Tone.OCHRE
        ),
        history.Happening(at - timedelta(days=1), "Remise demandée", "Ousmane Faye", "how_to_reg"),
    ]


SPECIMENS: tuple[Specimen, ...] = (
    ("États", chip_states),
    ("Chiffres", figure_kinds),
    ("Tuiles", tile_row),
    ("File d'attente", waiting_things),
    ("Progression", progress_parts),
    ("Fiches", things),
    ("Vide et attente", nothing_yet),
)
