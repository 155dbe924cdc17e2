"""The phone simulator: a screen, its keys, send and hang up, and how many septets each language takes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import events, ui

from ui.components import buttons, cards, chips
from ui.components.progress import plain_bar
from ui.labels import Tone, count, t
from ui.markup import Markup, icon, show, tag

KEYS = "123456789*0#"
LONGEST_INPUT = 160


@dataclass(frozen=True, slots=True)
class Meter:
    """What a screen weighs in one language, in septets."""

    language: str
    septets: int
    most: int = 160


class Handset:
    """A phone on the page: what is typed is sent to `on_send`, which draws the answer with `show_screen`."""

    def __init__(self, on_send: Callable[[str], Awaitable[None]], on_hang_up: Callable[[], Awaitable[None]]) -> None:
        self._on_send, self._on_hang_up = on_send, on_hang_up
        self._is_open = False
        with cards.card(is_flush=True).classes("handset") as self.element:
            note = chips.plain(t("Simulation"), icon_name="experiment")
            show(cards.head(t("Téléphone"), note), classes="card-head")
            with ui.element("div").classes("handset-body"):
                self._draw_screen()
                self._draw_keys()
            self._meters = show(Markup())
            self._path = show(Markup())

    def show_screen(
        self, text: str, *, network: str, code: str, is_open: bool, note: str = "", is_secret: bool = False
    ) -> None:
        """Draw what the network answered; a closed session takes no more input, a secret is typed unseen."""
        self._bar.set_content(tag("div", tag("span", network), tag("span", code), class_="handset-bar"))
        self._text.set_content(tag("pre", text, class_="handset-text"))
        self.show_note(note)
        self._input.value = ""
        self._input.props["type"] = "password" if is_secret else "text"
        self._input.set_visibility(is_open)
        if is_open:
            self._input.run_method("focus")
        elif self._is_open:
            ui.run_javascript(f"getElement({self._send.id})?.$el.focus()")  # Enter calls again
        if is_open or self._is_open:  # a thumb on the keys of a small phone must not hide what it answers
            ui.run_javascript(f"getHtmlElement({self._screen.id})?.scrollIntoView({{block: 'nearest'}})")
        self._is_open = is_open
        self._send.text = t("Envoyer") if is_open else t("Appeler")

    def show_note(self, note: str) -> None:
        """Write beside the input line: how long this screen has waited."""
        self._note.set_content(tag("span", note, class_="caption"))

    def show_meters(self, meters: Sequence[Meter], *, path: str = "") -> None:
        """Draw the septets of this screen in each language, and the way that led here."""
        self._meters.set_content(_meters(meters) if meters else "")
        line = tag("div", tag("span", t("Chemin")), tag("span", path, class_="handset-way"), class_="handset-path")
        self._path.set_content(line if path else "")

    @property
    def typed(self) -> str:
        """What is on the input line."""
        return str(self._input.value or "")

    def _draw_screen(self) -> None:
        with ui.element("div").classes("handset-screen") as self._screen:
            self._bar = show(Markup())
            self._text = show(Markup()).props("aria-live=polite")
            with ui.element("div").classes("handset-line"):
                self._input = ui.input().props(
                    f"borderless dense maxlength={LONGEST_INPUT} inputmode=tel autocomplete=off"
                )
                self._input.props["aria-label"] = t("Saisie du téléphone")
                self._input.classes("handset-input").on("keydown.enter", self._send_now)
                self._note = show(Markup(), name="span")

    def _draw_keys(self) -> None:
        with ui.element("div").classes("handset-keys"):
            for key in KEYS:
                button = ui.button(key, color=None).props("unelevated no-caps :ripple=false").classes("handset-key")
                button.on_click(self._press(key))
                button.on("mousedown", js_handler="(event) => event.preventDefault()")  # the input keeps the keyboard
        with ui.element("div").classes("handset-calls"):
            buttons.secondary(t("Raccrocher"), self._on_hang_up)
            self._send = buttons.primary(t("Envoyer"), self._send_now)

    def _press(self, key: str) -> Callable[[events.ClickEventArguments], None]:
        def press(_: events.ClickEventArguments) -> None:
            self._input.value = (self.typed + key)[:LONGEST_INPUT]

        return press

    async def _send_now(self) -> None:
        await self._on_send(self.typed)


def _meters(meters: Sequence[Meter]) -> Markup:
    fits = all(meter.septets <= meter.most for meter in meters)
    verdict = t("GSM-7, tient partout") if fits else t("Trop long pour un écran")
    sign = tag("span", icon("check" if fits else "error"), verdict, class_="verdict" if fits else "verdict verdict-bad")
    head = tag("div", tag("span", t("Septets"), class_="line-title"), sign, class_="meters-head")
    return tag("div", head, *map(_meter, meters), class_="meters")


def _meter(meter: Meter) -> Markup:
    tone = Tone.ACCENT if meter.septets <= meter.most else Tone.RED
    figure = tag("span", tag("b", count(meter.septets)), f" / {meter.most}", class_="meter-figure")
    bar = plain_bar(meter.septets / meter.most, label=f"{meter.language}: {meter.septets} / {meter.most}", tone=tone)
    return tag("div", tag("span", meter.language), bar, figure, class_="meter")
