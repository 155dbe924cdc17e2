"""Specimens of charts and of the live feed."""

from datetime import timedelta
from typing import Any

from nicegui import ui

from core.clock import now
from ui.components import cards, charts, handset
from ui.components.feed import Feed
from ui.components.history import Happening
from ui.labels import Tone
from ui.pages.gallery.showing import BEFORE, WAVE, Specimen

HOURS = tuple(f"{hour:02}:00" for hour in range(24))
SCREEN_TEXT = """Transfert à Awa Diop
77 000 42 18
Montant: 25 000 F
Frais: 250 F
Total: 25 250 F

1. Confirmer
2. Modifier
0. Annuler"""


def chart_kinds() -> None:
    """Draw lines with a target, an area with a comparison, and bars."""
    with cards.titled("Temps de réponse", "ms, 24 h"):
        shape = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 800, "y1": 800}
        lines = [_line("p99", [value * 10 for value in WAVE], "ochre"), _line("p50", [84.0] * 24, "accent")]
        layout = {"shapes": [shape | {"line": {"color": "ochre", "width": 1, "dash": "dash"}}], "xaxis": {"nticks": 6}}
        charts.chart({"data": lines, "layout": layout}, label="Temps de réponse sur 24 heures", unit="ms")
    with cards.titled("Sessions", "aujourd'hui et samedi dernier"):
        today = _line("jour", [value * 40 for value in WAVE], "accent") | {"fill": "tozeroy", "fillcolor": "accent"}
        before = _line("samedi dernier", [value * 40 for value in BEFORE], "neutral", dash="dot")
        charts.chart({"data": [before, today], "layout": {"xaxis": {"nticks": 6}}}, label="Sessions par heure")
    with cards.titled("Codes par jour"):
        week = ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."]
        codes = [980, 1_120, 1_284, 1_010, 1_390, 640, 320]
        bars = {"type": "bar", "x": week, "y": codes, "name": "codes", "marker": {"color": "accent"}}
        charts.chart({"data": [bars]}, label="Codes par jour")
    with cards.titled("Parcours", "sessions"):
        screens, marker = ["Accueil", "Numéro", "Montant"], {"color": ["accent", "ochre", "accent"]}
        rows = {
            "type": "bar",
            "orientation": "h",
            "x": [48, 27, 22],
            "y": screens,
            "name": "sessions",
            "marker": marker,
        }
        layout = {"yaxis": {"autorange": "reversed"}}
        charts.chart(
            {"data": [rows | {"text": ["", "−34,7\u00a0%", "−16,2\u00a0%"]}], "layout": layout}, label="Parcours"
        )


def _line(name: str, values: list[float], role: str, *, dash: str = "solid") -> dict[str, Any]:
    line = {"color": role, "dash": dash}
    return {"type": "scatter", "mode": "lines", "x": list(HOURS), "y": values, "name": name, "line": line}


def live_feed() -> None:
    """Draw the feed, with three events and paused with one waiting."""
    at = now()
    feed = Feed(
        [
            Happening(at, "Cotisation de Moussa Ndiaye", "10 000 F CFA, Wave", "payments", Tone.ACCENT, key="1"),
            Happening(at, "CIU créé à Kinshasa", "985-KINS-15-JEA-KABI-A3F9D", "fingerprint", key="2"),
            Happening(
                at - timedelta(minutes=1),
                "Délai dépassé, *880#",
                "Moov Africa Bénin, écran Montant",
                "error",
                Tone.RED,
                key="3",
            ),
        ],
        href="#journal",
    )
    feed.push([Happening(now(), "Menu « Portefeuille » v14 publié", "par Grâce Mbuyi", "publish", key="4")])
    Feed()


def phone() -> None:
    """Draw the phone simulator, in a session."""

    async def ignore(_: str = "") -> None:
        return None

    with ui.element("div").classes("specimen-narrow"):
        shown = handset.Handset(ignore, ignore)
    shown.show_screen(SCREEN_TEXT, network="Orange Sénégal", code="*221#", is_open=True, note="0:23 sur 3:00")
    meters = [handset.Meter("Français", 117), handset.Meter("English", 110), handset.Meter("Lingala", 138)]
    shown.show_meters(meters, path="*221# › 1 › 77… › 25000")


SPECIMENS: tuple[Specimen, ...] = (
    ("Courbes", chart_kinds),
    ("En direct", live_feed),
    ("Téléphone", phone),
)
