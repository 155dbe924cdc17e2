"""Today's figures as tiles: value, change against the same day last week, both days as lines."""

from collections.abc import Sequence
from itertools import accumulate

from babel.dates import format_date

from core.clock import today
from core.money import Money
from core.permissions import Actor, Permission
from reports import home
from ui.components import figures, tiles
from ui.labels import Tone, change, page_language, t, zone
from ui.markup import Markup

# Name, icon, tone, where it leads, where else for who may not go there.
LOOKS = {
    "moved": ("Argent déplacé", "payments", Tone.ACCENT, "/grand-livre"),
    "sessions": ("USSD", "dialpad", Tone.ACCENT, "/ussd-console"),
    "registrations": ("Abonnés", "contacts", Tone.ACCENT, "/ussd-console/abonnes"),
    "ciu": ("CIU", "fingerprint", Tone.ACCENT, "/ciu"),
    "fees": ("Frais perçus", "savings", Tone.OCHRE, "/grand-livre/balance"),
}


def tiles_of(found: Sequence[home.Tile], actor: Actor) -> list[tiles.Tile]:
    """Return the tiles of what was found, each leading where this actor may go."""
    return [_tile(figure, actor) for figure in found]


def _tile(figure: home.Tile, actor: Actor) -> tiles.Tile:
    label, icon, tone, href = LOOKS[figure.key]
    if figure.key == "moved" and not actor.may(Permission.LEDGER_READ):
        href = LOOKS["sessions"][3]
    return tiles.Tile(
        t(label),
        icon,
        _figure(figure),
        href,
        _note(figure),
        *_lines(figure),
        tone,
    )


def _lines(figure: home.Tile) -> tuple[list[int], list[int]]:
    """Return both days as they add up, hour by hour: they end at the very figures that are compared."""
    lived = [hour for hour in figure.today if hour is not None]
    before = list(accumulate(figure.last_week))[: len(lived) - 1]
    return [0, *accumulate(lived)], [0, *before, figure.before]


def _figure(figure: home.Tile) -> Markup:
    if figure.currency:
        return figures.amount(Money(figure.value, figure.currency), is_big=True)
    is_one = figure.value == 1
    words = {
        "sessions": t("session") if is_one else t("sessions"),
        "registrations": t("inscription") if is_one else t("inscriptions"),
        "ciu": t("code") if is_one else t("codes"),
    }
    return figures.figure(figure.value, words[figure.key], is_big=True)


def _note(figure: home.Tile) -> Markup | str:
    weekday = format_date(today(zone()), "EEEE", locale=page_language())
    ratio = figure.change.value
    if ratio is not None:
        return figures.trend(ratio, t("que {day} dernier").format(day=weekday), shown=change(ratio))
    words = t("rien {day} dernier à cette heure") if figure.value else t("rien encore, comme {day} dernier")
    return words.format(day=weekday)
