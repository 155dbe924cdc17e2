"""How a visible screen stands on a phone: its pages, and the line above it when an answer was refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from channels import texts
from channels.flow import Confirm, End, Flow, Info, Input, Menu, Option, Rows, Screen
from channels.values import Values, cut, size_in
from core import gsm7
from core.gsm7 import Coding, Limits, Navigation, Page, Pages
from core.money import Money

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Paper:
    """What all screens of a turn have in common."""

    flow: Flow
    values: Values
    limits: Limits
    nav: Navigation
    language: str

    def lay_out(self, screen: Screen, rows: Sequence[Mapping[str, Any]] = ()) -> Pages:
        """Return the pages of a visible screen."""
        match screen:
            case Info() if not screen.options:
                return self._read(screen.text, is_end=False, back=screen.back is not None, home=screen.home)
            case Menu() | Info():
                return self._menu(screen, [(option.key, self._say(option.label)) for option in self.shown(screen)])
            case Rows():
                return self._menu(screen, [(str(at), self._row(screen, row)) for at, row in enumerate(rows, start=1)])
            case End():
                return self._read(screen.text, is_end=True)
            case Input():
                return self._prompt(screen)
            case Confirm():
                return self._confirm(screen)
        raise TypeError(type(screen).__name__)

    def lay_out_result(self, unseen: Mapping[str, str], screen: Menu) -> Pages:
        """Return the page that tells how an operation ended whose answer nobody saw."""
        sentence = texts.DONE.get(unseen["type"], texts.DONE_OTHERWISE)
        title = self.values.say(texts.sentence(sentence, self.language), unseen)
        options = [(option.key, self._say(option.label)) for option in screen.options]
        return gsm7.paginate_menu(title, options, self.limits, self.nav, texts.words(self.language))

    def shown(self, screen: Menu | Info) -> list[Option]:
        """Return the options whose condition holds: the others are neither shown nor accepted."""
        holds = self.values.holds
        return [option for option in screen.options if option.condition is None or holds(option.condition)]

    @property
    def moves(self) -> tuple[str, str, str]:
        """The keys that may mean a movement: next, back, home."""
        return self.nav.next, self.nav.back, self.nav.home

    def keys(self, screen: Screen | None, page: Page, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Return the keys that mean something on a page of this screen."""
        match screen:
            case Menu() | Info():
                own = tuple(option.key for option in self.shown(screen))
            case Rows():
                own = tuple(str(at) for at in range(1, len(rows) + 1))
            case Confirm():
                own = ("1", "0")
            case _:
                own = ()
        led = zip(self.moves, (page.has_next, page.has_back, page.has_home), strict=True)
        return own + tuple(key for key, is_shown in led if is_shown)

    def fit(self, pages: Pages, number: int, error: str) -> tuple[str, Coding, int]:
        """Return one page under its error line, left out when both do not fit: text, coding and size."""
        text = pages.pages[min(number, len(pages.pages)) - 1].text
        if error:
            both = f"{error}\n{text}"
            measured = gsm7.measure(both)
            if measured.coding == pages.coding and measured.size <= self.limits.of(pages.coding):
                text = both
        return text, pages.coding, size_in(text, pages.coding)

    def last_word(self, sentence: Mapping[str, str]) -> tuple[str, Coding, int]:
        """Return one of the engine's own sentences."""
        text = texts.sentence(sentence, self.language)
        measured = gsm7.measure(text)
        return text, measured.coding, measured.size

    def _say(self, text: Mapping[str, str]) -> str:
        return self.values.say(self.flow.source(text, self.language))

    def _row(self, screen: Rows, row: Mapping[str, Any]) -> str:
        self.values.row = row
        return self._say(screen.row)

    def _menu(self, screen: Menu | Rows | Info, options: list[tuple[str, str]]) -> Pages:
        return gsm7.paginate_menu(
            self._say(screen.text),
            options,
            self.limits,
            self.nav,
            texts.words(self.language),
            back=screen.back is not None,
            home=screen.home,
        )

    def _read(self, text: Mapping[str, str], *, is_end: bool, back: bool = False, home: bool = False) -> Pages:
        words = texts.words(self.language)
        return gsm7.paginate_text(self._say(text), self.limits, self.nav, words, is_end=is_end, back=back, home=home)

    def _prompt(self, screen: Input) -> Pages:
        words, nav = texts.words(self.language), self.nav
        footer = f"\n{nav.back}. {words.back}" if screen.back is not None else ""
        footer += f"\n{nav.home}. {words.home}" if screen.home else ""
        return self._one_page(self._say(screen.text), footer, has_back=screen.back is not None, has_home=screen.home)

    def _confirm(self, screen: Confirm) -> Pages:
        """Print who, amount, fee and total; only the first part may ever be cut."""
        data, currency = self.values.data, self.values.currency
        sums = {name: Money(data[name], currency).on_phone() for name in ("amount", "fee", "total")}
        lines = [
            texts.sentence(line, self.language).format_map(sums) for line in (texts.AMOUNT, texts.FEE, texts.TOTAL)
        ]
        lines += [f"1. {texts.sentence(texts.CONFIRM, self.language)}"]
        lines += [f"0. {texts.sentence(texts.CANCEL, self.language)}"]
        return self._one_page(self._say(screen.text), "\n" + "\n".join(lines))

    def _one_page(self, head: str, tail: str, *, has_back: bool = False, has_home: bool = False) -> Pages:
        """Put head and tail on one page; a head that lint should have refused is cut at a word, with an alert."""
        coding, size, _ = gsm7.measure(head + tail)
        if size > self.limits.of(coding):
            _log.warning("flow.text_cut", flow=self.flow.flow, language=self.language)
            head = cut(head, self.limits.of(coding) - size_in(tail, coding), coding)
        return Pages(coding, (Page(head + tail, has_back=has_back, has_home=has_home),))
