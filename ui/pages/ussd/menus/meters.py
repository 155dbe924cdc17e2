"""What a text weighs as it is written: septets against the page, its pages on a phone, its strange characters."""

from collections.abc import Sequence

from channels.meter import Gauge, Mark, marks
from core.gsm7 import Coding
from ui.components.progress import plain_bar
from ui.labels import NO_BREAK, Tone, count, counted, t
from ui.markup import Markup, escape, join, tag
from ui.pages.ussd.menus import words

CODINGS = {Coding.GSM7: "GSM-7", Coding.UCS2: "UCS-2"}


def gauge(found: Gauge) -> Markup:
    """Return the meter of a screen in one language: `143/156 GSM-7 · 1 page`."""
    pages = counted(len(found.pages), t("{count} page"), t("{count} pages"))
    figure = f"{count(found.size)}/{count(found.most)} {CODINGS[found.coding]}"
    tone = Tone.ACCENT if found.is_right else Tone.RED
    size = found.most + found.excess if found.excess else found.size
    bar = plain_bar(min(size / found.most, 1), label=f"{words.language(found.language)}{NO_BREAK}: {figure}", tone=tone)
    over = t("{excess} de trop").format(excess=count(found.excess)) if found.excess else pages
    return tag(
        "div",
        bar,
        tag("span", tag("b", figure), class_="meter-figure"),
        tag("span", over, class_="caption" if found.is_right else "caption tone-red"),
        class_="text-meter",
    )


def strange(text: str) -> Markup | None:
    """Return a text with the characters that are not the phone's underlined, and what is sent instead of each."""
    found = marks(text)
    if not found:
        return None
    by_place = {mark.at: mark for mark in found}
    pieces = (_letter(character, by_place.get(at)) for at, character in enumerate(text))
    notes = dict.fromkeys(_note(mark) for mark in found)
    is_lost = any(mark.fold is None for mark in found)
    return tag(
        "div",
        tag("p", *pieces, class_="strange-text"),
        tag("p", " · ".join(notes), class_="caption tone-red" if is_lost else "caption"),
        class_="strange",
    )


def _letter(character: str, mark: Mark | None) -> Markup:
    if mark is None:
        return Markup(escape(character))
    is_lost = mark.fold is None
    return tag("u", character, class_="strange-lost" if is_lost else "strange-folded", title=_note(mark))


def _note(mark: Mark) -> str:
    if mark.fold is None:
        return t("{character} n'existe pas sur les téléphones").format(character=mark.character)
    if not mark.fold:
        return t("{character} s'efface").format(character=mark.character)
    return t("{character} part en {fold}").format(character=mark.character, fold=mark.fold)


def line_weight(size: int, text: str) -> Markup:
    """Return the weight of a label or an error line, with its strange characters."""
    weight = tag("span", t("{size} septets").format(size=count(size)), class_="caption") if text else None
    return join(weight, strange(text))


def previews(gauges: Sequence[Gauge], language: str) -> Markup:
    """Return every page of a screen in one language, as a phone shows it at the longest values."""
    found = next((each for each in gauges if each.language == language), None)
    if found is None:
        return Markup()
    many = len(found.pages)
    return tag("ol", *(_page(found, at, text, many) for at, text in enumerate(found.pages, start=1)), class_="previews")


def _page(found: Gauge, at: int, text: str, many: int) -> Markup:
    head = t("Page {number} sur {many}").format(number=at, many=many) if many > 1 else t("Une page")
    return tag(
        "li",
        tag("span", head, class_="caption"),
        tag("pre", text, class_="phone-text", tabindex="0", lang=found.language),
        class_="preview",
    )
