"""A chat: bubbles of both sides, the answers that can be tapped, and the line on which one writes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from ui.components import buttons
from ui.labels import Sign, t
from ui.markup import Markup, icon, join, show, tag

LONGEST_INPUT = 1600


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message; `note` is when it was said, `sign` what became of it, `choices` what can be tapped under it."""

    text: str
    is_mine: bool
    note: str = ""
    sign: Sign | None = None
    choices: tuple[tuple[str, str], ...] = ()


class Chat:
    """A conversation on the page: what is written goes to `on_send`, what is tapped (payload, label) to `on_choose`."""

    def __init__(
        self, on_send: Callable[[str], Awaitable[None]], on_choose: Callable[[str, str], Awaitable[None]]
    ) -> None:
        self._on_send, self._on_choose = on_send, on_choose
        with ui.element("div").classes("chat"):
            with ui.element("div").classes("chat-scroll") as self._scroll:
                self._scroll.props["tabindex"] = "0"
                self._scroll.props["role"] = "log"
                self._scroll.props["aria-label"] = t("Conversation")
                self._shown = show(Markup(), classes="chat-bubbles")
                self._choices = ui.element("div").classes("chat-choices")
            with ui.element("div").classes("chat-line"):
                self._input = ui.input(placeholder=t("Message"))
                self._input.props(f"outlined dense maxlength={LONGEST_INPUT} autocomplete=off")
                self._input.props["aria-label"] = t("Message à envoyer")
                self._input.classes("chat-input").on("keydown.enter", self._send)
                buttons.icon_only("send", t("Envoyer"), self._send)

    def draw(self, bubbles: Sequence[Bubble], *, empty: str = "") -> None:
        """Show these messages, the last one in sight; only the last answer can still be tapped."""
        lines = join(*map(_bubble, bubbles)) if bubbles else tag("p", empty, class_="chat-empty")
        self._shown.set_content(lines)
        self._choices.clear()
        if bubbles and not bubbles[-1].is_mine:
            with self._choices:
                for payload, label in bubbles[-1].choices:
                    buttons.secondary(label, self._chooser(payload, label))
        ui.run_javascript(f"(box => box && (box.scrollTop = box.scrollHeight))(getHtmlElement({self._scroll.id}))")

    @property
    def typed(self) -> str:
        """What is on the line."""
        return str(self._input.value or "")

    def clear_line(self) -> None:
        """Empty the line, and stay on it."""
        self._input.value = ""
        self._input.run_method("focus")

    async def _send(self) -> None:
        await self._on_send(self.typed)

    def _chooser(self, payload: str, label: str) -> Callable[[], Awaitable[None]]:
        return lambda: self._on_choose(payload, label)


def _bubble(bubble: Bubble) -> Markup:
    sign = tag("span", icon(bubble.sign.icon), bubble.sign.word, class_="chat-sign") if bubble.sign else None
    foot = tag("span", sign, bubble.note, class_="chat-foot") if sign or bubble.note else None
    who = tag("span", t("Le téléphone") if bubble.is_mine else t("Le service"), class_="chat-who")
    side = "chat-mine" if bubble.is_mine else "chat-theirs"
    tone = f" chat-{bubble.sign.tone}" if bubble.sign else ""
    return tag("div", who, tag("span", bubble.text, class_="chat-text"), foot, class_=f"chat-bubble {side}{tone}")
