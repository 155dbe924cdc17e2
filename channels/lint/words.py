"""How screens read on a phone: keys, languages, lengths, alphabet, error lines (L07 to L11)."""

from collections.abc import Iterator, Mapping

from channels import texts
from channels.flow import DEFAULT, Confirm, End, Flow, Info, Input, Menu, Rows, Screen
from channels.lint.findings import Facts, Finding
from channels.values import Placeholder, size_in, template
from core import gsm7
from core.gsm7 import Coding, Pages
from core.i18n import t

LONGEST_KEY = 2
SAMPLE_ROWS = 20
UNKNOWN_SEPTETS = 20
_MONEY_SEPTETS = {"amount": 15, "fee": 13, "total": 15}
_CALLER_SEPTETS = {"phone": 13, "name": 20, "status": 9, "role": 8, "language": 2, "country": 2}

Texts = Iterator[tuple[str, Mapping[str, str]]]


def texts_of(screen: Screen) -> Texts:
    """Yield every text of a screen with what it is."""
    text = getattr(screen, "text", None)
    if text is not None and not (isinstance(screen, End) and not text):
        yield "text", text
    for option in getattr(screen, "options", ()):
        yield f"options.{option.key}", option.label
    if isinstance(screen, Rows):
        yield "row", screen.row
    if isinstance(screen, Input):
        for name, line in screen.errors.items():
            yield f"errors.{name}", line


def keys(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L07: keys that are double, longer than two digits, or those of a movement shown on the same screen."""
    for name, screen in flow.screens.items():
        if not isinstance(screen, Menu | Info):
            continue
        own = [option.key for option in screen.options]
        for key in sorted(set(own)):
            if own.count(key) > 1:
                yield Finding("L07", name, t("touche en double : {key}").format(key=key))
            if len(key) > LONGEST_KEY:
                yield Finding("L07", name, t("touche trop longue : {key}").format(key=key))
            if key in _movements(flow, facts, screen):
                yield Finding("L07", name, t("touche de navigation déjà prise : {key}").format(key=key))


def _movements(flow: Flow, facts: Facts, screen: Menu | Info) -> set[str]:
    """Return the navigation keys some page of the screen shows, at the longest values, in some language."""
    nav, shown = flow.navigation, set()
    for language in flow.languages:
        for page in Longest(flow, facts, language).pages(screen).pages:
            marks = ((page.has_next, nav.next), (page.has_back, nav.back), (page.has_home, nav.home))
            shown |= {key for is_shown, key in marks if is_shown}
    return shown


def languages(flow: Flow, _facts: Facts) -> Iterator[Finding]:
    """L08: a language without its text; a warning for one that no native speaker has read."""
    for name, screen in flow.screens.items():
        for place, text in texts_of(screen):
            for language in flow.languages:
                is_given = bool(text.get(language)) or (language == flow.default_language and bool(text.get(DEFAULT)))
                if not is_given:
                    message = t("{place} : texte absent en {language}").format(place=place, language=language)
                    yield Finding("L08", name, message)
    for language in flow.unreviewed:
        yield Finding("L08", "", t("{language} : à relire").format(language=language), is_warning=True)


def lengths(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L09: a one-page screen over the limit, a line that fits no page, in any language at the longest values."""
    for language in flow.languages:
        longest = Longest(flow, facts, language)
        for name, screen in flow.screens.items():
            excess = longest.excess(screen)
            if excess > 0:
                message = t("{language} : {excess} de trop pour une page").format(language=language, excess=excess)
                yield Finding("L09", name, message)


def alphabet(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L10: a character no folding brings into the alphabet of phones, and its place."""
    if facts.is_ucs2:
        return
    for name, screen in flow.screens.items():
        for place, text in texts_of(screen):
            for language, source in text.items():
                shown = "".join(piece for piece in template(source, is_folded=True) if isinstance(piece, str))
                bad = gsm7.measure(shown).first_bad
                if bad is not None:
                    message = t("{place}, {language} : « {bad} », position {at}")
                    at = gsm7.fold(source).index(bad) + 1
                    yield Finding("L10", name, message.format(place=place, language=language or "–", bad=bad, at=at))


def error_lines(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L11 (warning): the longest error line and its screen do not fit one page: the line would be left out."""
    for language in flow.languages:
        longest = Longest(flow, facts, language)
        for name, screen in flow.screens.items():
            lines = longest.lines(screen)
            if not lines or longest.excess(screen) > 0:
                continue
            pages = longest.pages(screen)
            if len(pages.pages) > 1:
                continue  # a screen of several pages fills them: that a line is left out there is no news
            size = max(size_in(f"{line}\n{pages.pages[0].text}", pages.coding) for line in lines)
            if size > facts.limits.of(pages.coding):
                yield Finding("L11", name, t("{language} : la ligne d'erreur ne tient pas").format(language=language))


class Longest:
    """The screens of a flow in one language, every variable at its longest."""

    def __init__(self, flow: Flow, facts: Facts, language: str) -> None:
        self.flow, self.facts, self.language = flow, facts, language
        self.outputs = {
            name: value.max
            for action in (*facts.registry.values(), *facts.connectors.values())
            for name, value in (*action.outputs.items(), *((f"row.{field}", v) for field, v in action.row.items()))
        }

    def say(self, text: Mapping[str, str]) -> str:
        """Return a text with placeholders as long as they get."""
        pieces = template(self.flow.source(text, self.language), is_folded=self.flow.settings.fold)
        return "".join(
            piece if isinstance(piece, str) else self.fill(piece, self._septets(piece.name)) for piece in pieces
        )

    def fill(self, _placeholder: Placeholder, septets: int) -> str:
        """Return a value of this many septets."""
        return "M" * septets

    def _literal(self, text: Mapping[str, str]) -> str:
        """Return what the author wrote, without placeholders."""
        pieces = template(self.flow.source(text, self.language), is_folded=self.flow.settings.fold)
        return " ".join(piece for piece in pieces if isinstance(piece, str))

    def _septets(self, name: str) -> int:
        declared = self.flow.variables.get(name)
        if declared is not None:
            return declared.max
        place, _, member = name.partition(".")
        known = _CALLER_SEPTETS.get(member) if place == "caller" else None
        return known or self.outputs.get(name, UNKNOWN_SEPTETS)

    def lines(self, screen: Screen) -> list[str]:
        """Return the error lines a screen may show above itself."""
        match screen:
            case Input():
                own = [self.say(line) for line in screen.errors.values()]
                return own or [texts.sentence(texts.INVALID_ANSWER, self.language)]
            case Menu() | Rows() | Info() | Confirm():
                return [texts.sentence(texts.INVALID_CHOICE, self.language)]
        return []

    def pages(self, screen: Screen) -> Pages:
        """Return the pages of a visible screen."""
        limits, nav, words = self.facts.limits, self.flow.navigation, texts.words(self.language)
        match screen:
            case Menu() | Rows() | Info():
                options = self._options(screen)
                has_back = screen.back is not None
                if options or not isinstance(screen, Info):
                    title = self.say(screen.text)
                    return gsm7.paginate_menu(title, options, limits, nav, words, back=has_back, home=screen.home)
                text = self.say(screen.text)
                return gsm7.paginate_text(text, limits, nav, words, is_end=False, back=has_back, home=screen.home)
            case End():
                return gsm7.paginate_text(self.say(screen.text), limits, nav, words, is_end=True)
        text = self._one_page(screen)
        return Pages(gsm7.measure(text).coding, (gsm7.Page(text),))

    def excess(self, screen: Screen) -> int:
        """Return by how much a screen that must be one page is too long, or a line that must stand whole."""
        match screen:
            case Input() | Confirm():
                coding, size, _ = gsm7.measure(self._one_page(screen))
                return size - self.facts.limits.of(coding)
            case Menu() | Rows() | Info() | End():
                return self._longest_line(screen)
        return 0

    def _longest_line(self, screen: Menu | Rows | Info | End) -> int:
        """Measure the longest option or word against a page with all its footers."""
        words = texts.words(self.language)
        nav = self.flow.navigation
        footer = f"\n{nav.next}. {words.next}\n{nav.back}. {words.back}\n{nav.home}. {words.home}"
        lines = [] if isinstance(screen, End) else [f"{key}. {label}" for key, label in self._options(screen)]
        lines += self._literal(screen.text).split()  # a long value is prose, and is cut at its blanks
        coding = Coding.GSM7 if all(map(gsm7.is_gsm7, lines)) else Coding.UCS2
        room = self.facts.limits.of(coding) - size_in(footer, coding)
        return max((size_in(line, coding) - room for line in lines), default=0)

    def _options(self, screen: Menu | Rows | Info) -> list[tuple[str, str]]:
        if isinstance(screen, Rows):
            return [(str(at), self.say(screen.row)) for at in range(1, SAMPLE_ROWS + 1)]
        return [(option.key, self.say(option.label)) for option in screen.options]

    def _one_page(self, screen: Screen) -> str:
        words, nav = texts.words(self.language), self.flow.navigation
        match screen:
            case Input():
                back = f"\n{nav.back}. {words.back}" if screen.back is not None else ""
                home = f"\n{nav.home}. {words.home}" if screen.home else ""
                return self.say(screen.text) + back + home
            case Confirm():
                sums = {name: self.fill(Placeholder(name, "money"), size) for name, size in _MONEY_SEPTETS.items()}
                lines = [texts.sentence(line, self.language) for line in (texts.AMOUNT, texts.FEE, texts.TOTAL)]
                choices = [f"1. {texts.sentence(texts.CONFIRM, self.language)}"]
                choices += [f"0. {texts.sentence(texts.CANCEL, self.language)}"]
                return "\n".join([self.say(screen.text), *(line.format_map(sums) for line in lines), *choices])
        return ""
