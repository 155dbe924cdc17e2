"""The look holds: contrast, icons that exist, French that is typeset, text that is escaped."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import i18n
from reports import feed
from ui import labels, theme
from ui.components import sparklines
from ui.labels import State
from ui.markup import Markup, join, tag

ROOM = Path(theme.__file__).parent
READABLE = 4.5
VISIBLE = 3.0


def _luminance(colour: str) -> float:
    parts = [value / 255 for value in bytes.fromhex(colour[1:7])]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in ("card", "page", "sunk")),
        *((tone, f"{tone}-soft") for tone in ("accent", "red", "blue")),
        ("ochre-text", "ochre-soft"),
        ("accent-on", "accent"),
        ("accent-on", "accent-hover"),
        ("ink-2", "neutral-soft"),
        ("ink-3", "screen"),
    ],
)
def test_text_is_readable_on_its_ground(text: str, ground: str, scheme: int) -> None:
    assert _contrast(theme.TOKENS[text][scheme], theme.TOKENS[ground][scheme]) >= READABLE


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_border_of_a_field_is_visible(scheme: int) -> None:
    assert _contrast(theme.TOKENS["control"][scheme], theme.TOKENS["card"][scheme]) >= VISIBLE


def test_every_icon_named_is_in_our_font() -> None:
    known = set((theme.ASSETS / "fonts" / "icons.txt").read_text().split())
    named = {state.value.icon for state in State} | {icon for icon, _ in feed._TYPES.values()}
    for path in ROOM.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name in {"icon", "symbol", "icon_only", "tile_icon"} and call.args:
                named |= {str(call.args[0].value)} if isinstance(call.args[0], ast.Constant) else set()
            named |= {
                str(keyword.value.value)
                for keyword in call.keywords
                if keyword.arg in {"icon", "icon_name"} and isinstance(keyword.value, ast.Constant)
            }
            if name == "Section":
                named.add(call.args[2].value)  # type: ignore[attr-defined]
    assert named - known - {""} == set()


def test_every_text_of_the_screen_exists_in_english() -> None:
    missing = {}
    for path in ROOM.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", "") == "t" and call.args and isinstance(call.args[0], ast.Constant):
                missing[call.args[0].value] = path.name
    missing |= {state.value.word: "labels.py" for state in State}
    assert {text: where for text, where in missing.items() if text not in i18n.catalogue("en")} == {}


def test_french_is_printed_with_its_own_spaces_and_apostrophes() -> None:
    assert labels.typeset("L'essai : « oui » !") == "L’essai\u00a0: «\u00a0oui\u00a0»\u00a0!"


def test_figures_are_written_as_a_reader_writes_them() -> None:
    assert labels.count(-1_284) == "−1\u202f284"
    assert labels.percent(0.612) == "61,2\u00a0%"
    assert labels.change(-0.038) == "−3,8\u00a0%"
    assert labels.change(0.124) == "+12,4\u00a0%"
    assert labels.duration(23) == "0:23"
    assert labels.duration(3_723) == "1:02:03"
    assert labels.duration(200_000) == "2\u00a0j"
    assert labels.initials("Mireille Bongo") == "MB"
    assert labels.initials("") == ""
    assert labels.long_day(datetime(2026, 11, 21, 14, 5, tzinfo=UTC)) == "Samedi 21 novembre 2026"
    assert labels.moment(None) == ""


def test_what_a_person_typed_is_never_markup() -> None:
    typed = '<img src=x onerror="alert(1)">'
    assert tag("p", typed, title=typed) == (
        '<p title="&lt;img src=x onerror=&quot;alert(1)&quot;&gt;">&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</p>'
    )
    assert join(tag("b", "a"), "<", None) == Markup("<b>a</b>&lt;")


def test_a_flat_or_single_series_still_draws() -> None:
    assert sparklines.sparkline([5]) == ""
    assert "NaN" not in sparklines.sparkline([5, 5, 5])


def test_pages_have_no_colour_and_no_pixel_of_their_own() -> None:
    for path in (ROOM / "pages").rglob("*.py"):
        found = re.findall(
            r"#[0-9a-fA-F]{6}\b|\b\d+px|\.style\(|add_css|add_head_html|sanitize=False", path.read_text()
        )
        assert found == [], path.name
