"""`/ciu/simulateur`: a telephone that writes to our real address, signed, and a network that may misbehave."""

from collections.abc import Sequence
from dataclasses import replace

from nicegui import ui

from channels.ciu import rehearsing
from channels.whatsapp import signing
from channels.whatsapp.signing import Attached, Line, Way, WriteMessage
from core.clock import now
from core.permissions import Permission
from ui import shell
from ui.components import buttons, cards, chips, dialogs, empty, fields, layout, toasts
from ui.components.chat import Bubble, Chat
from ui.components.facts import prose
from ui.labels import Sign, clock, counted, t
from ui.markup import show
from ui.pages.ciu import simulator_post as post
from ui.pages.ciu import simulator_words as words
from ui.pages.ciu.simulator_post import Delivered
from ui.pages.ciu.simulator_wire import Wire

PATH = "/ciu/simulateur"
PREFIX = "+2430000000"
TELEPHONES = 100
LATE_S = 10.0


@shell.screen(PATH, title="Simulateur de chat", needs=Permission.CIU_ACT)
async def simulator() -> None:
    """Draw the telephone on the left, what it says and hears on the right."""
    lines = await shell.read(signing.list_lines) or []
    with layout.page_head(
        t("Simulateur de chat"),
        t("Chaque message part signé, en HTTP, vers la vraie adresse ; les codes d'essai ne sont ceux de personne."),
        crumbs=[("CIU", "/ciu")],
    ):
        if lines:
            erase = buttons.secondary(t("Effacer les essais"), icon="delete")
    if not lines:
        _draw_nothing()
        return
    with layout.grid():
        with layout.cell(4):
            telephone = Telephone(lines)
        with layout.cell(8):
            telephone.wire = Wire()
    erase.on_click(telephone.ask_erase)
    await telephone.look()


def _draw_nothing() -> None:
    """Say that nothing can be written to, and who opens a number."""
    nothing = t("Aucun numéro WhatsApp n'a de programme et de compte qui puisse signer.")
    if shell.visitor().may(Permission.CIU_ADMINISTER):
        empty.empty(nothing, icon="chat", action=t("Ouvrir un numéro"), href="/ciu/reglages")
    else:
        whom = t("Demandez à un administrateur d'ouvrir un numéro dans CIU, Réglages.")
        empty.empty(f"{nothing} {whom}", icon="chat")


class Telephone:
    """A chat with its number, its way of signing and its network."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.wire: Wire
        self._lines = {str(line.sender_id): line for line in lines}
        self._bubbles: list[Bubble] = []
        self._held: tuple[WriteMessage, int, str] | None = None
        self._last: Delivered | None = None
        self._is_sending = False
        with cards.card(is_flush=True).classes("chat-card"):
            show(cards.head(t("Téléphone"), chips.plain(t("Essai"), icon_name="experiment")), classes="card-head")
            with ui.element("div").classes("card-body"), fields.form():
                self._draw_choices()
            self._chat = Chat(self._send, self._choose)
            self._draw_tries()
        self._draw()
        ui.timer(1.0, self._tick)

    # What is chosen

    def _draw_choices(self) -> None:
        first = next(iter(self._lines))
        self._line = fields.choice(
            t("Numéro du programme"), {key: words.line(one) for key, one in self._lines.items()}, value=first
        )
        self._way = fields.choice(t("Apporté par"), {}, hint="")
        numbers = {f"{PREFIX}{place:02}": f"{PREFIX}{place:02}" for place in range(TELEPHONES)}
        self._phone = fields.choice(t("Ce téléphone"), numbers, value=f"{PREFIX}01")
        self._travel = fields.choice(t("Le réseau"), words.travels(), value=words.DIRECT)
        self._offer_ways()
        self._line.on_value_change(self._change_line)
        self._phone.on_value_change(self._change)

    def _draw_tries(self) -> None:
        with ui.element("div").classes("chat-tools"):
            buttons.secondary(t("Renvoyer le même"), self._repeat, icon="replay")
            buttons.secondary(t("Photo"), lambda: self._attach(Attached.PHOTO), icon="attach_file")
            buttons.secondary(t("Message vocal"), lambda: self._attach(Attached.VOICE), icon="call")
            buttons.secondary(t("Position"), lambda: self._attach(Attached.PLACE), icon="place")
            buttons.secondary(t("Signature fausse"), self._forge, icon="gpp_bad")
            buttons.secondary(t("Expirer maintenant"), self._expire, icon="hourglass_top")

    def _offer_ways(self) -> None:
        line = self._lines[str(self._line.value)]
        named = words.ways()
        self._way.set_options({way.value: named[way] for way in line.ways}, value=line.ways[0].value)
        self._way.props["hint"] = "" if len(line.ways) > 1 else t("La seule que ce compte connaisse.")

    async def _change_line(self) -> None:
        self._offer_ways()
        await self._change()

    async def _change(self) -> None:
        self._bubbles, self._held, self._last = [], None, None
        self.wire.clear()
        self._draw()
        await self.look()

    # What is sent

    async def _send(self, text: str) -> None:
        if not text.strip():
            toasts.refused(t("Écrivez d'abord un message."))
            return
        self._chat.clear_line()
        await self._travel_with(self._order(text))

    async def _choose(self, payload: str, label: str) -> None:
        await self._travel_with(self._order(label, payload=payload))

    async def _attach(self, attached: Attached) -> None:
        text = self._chat.typed
        self._chat.clear_line()
        await self._travel_with(self._order(text, attached=attached))

    async def _forge(self) -> None:
        order = self._order(self._chat.typed or t("Bonjour"))
        await self._deliver([replace_order(order, is_forged=True)], [self._say(order, words.ON_ITS_WAY)])

    async def _repeat(self) -> None:
        """Bring the last message again, under the same id."""
        if self._last is None:
            toasts.refused(t("Rien n'a encore été envoyé."))
            return
        before = self._last
        for again in await post.deliver([before.order]):
            is_same = (again.exchange.status, again.exchange.answer) == (before.exchange.status, before.exchange.answer)
            self.wire.add(replace(again, said=(), is_same=is_same), self._shown(before.order))
        await self.look()

    def _order(self, text: str, *, payload: str = "", attached: Attached = Attached.NOTHING) -> WriteMessage:
        way = Way(str(self._way.value))
        return WriteMessage(
            sender_id=self._lines[str(self._line.value)].sender_id,
            way=way,
            phone=str(self._phone.value),
            text=text,
            payload=payload,
            attached=attached,
            message_id=signing.new_message_id(way),
            sent_at=now(),
        )

    async def _travel_with(self, order: WriteMessage) -> None:
        """Let the network do with a message what was chosen; one that was held goes with it."""
        travel = str(self._travel.value)
        place = self._say(order, words.DROPPED if travel == words.LOST else words.ON_ITS_WAY)
        if self._held is not None:
            first, first_place, how = self._held
            self._held = None
            both, places = [first, order], [first_place, place]
            if how == words.SWAPPED:
                both, places = both[::-1], places[::-1]
            await self._deliver(both, places, at_once=how == words.TOGETHER)
        elif travel in {words.TOGETHER, words.SWAPPED}:
            self._held = (order, place, travel)
        elif travel == words.LATE:
            with self._chat_place():
                ui.timer(LATE_S, lambda: self._deliver([order], [place]), once=True)
        elif travel == words.TWICE:
            await self._deliver([order, order], [place, place], at_once=True)
        elif travel == words.DIRECT:
            await self._deliver([order], [place])

    def _chat_place(self) -> ui.element:
        return self._line.client.content

    async def _deliver(self, orders: list[WriteMessage], places: list[int], *, at_once: bool = False) -> None:
        if self._is_sending:
            toasts.refused(t("Le message précédent est encore en chemin."))
            return
        self._is_sending = True
        try:
            for place, delivered in zip(places, await post.deliver(orders, at_once=at_once), strict=False):
                self._hear(place, delivered)
        finally:
            self._is_sending = False
        await self.look()

    def _hear(self, place: int, delivered: Delivered) -> None:
        if delivered.is_same is None:
            self._last = delivered
        sign = words.DELIVERED if delivered.exchange.status == post.OK else words.REFUSED
        if place < len(self._bubbles):
            self._bubbles[place] = replace(self._bubbles[place], sign=translated(sign))
        for said in delivered.said:
            note = f"{clock(now())} · {round(delivered.exchange.elapsed_s * 1000)} ms"
            self._bubbles.append(Bubble(said.text, is_mine=False, note=note, choices=said.choices))
        self.wire.add(delivered, self._shown(delivered.order))
        self._draw()

    # What is done beside the conversation

    async def _expire(self) -> None:
        line = self._lines[str(self._line.value)]
        was_open = await shell.act(rehearsing.expire_now, line.sender_id, str(self._phone.value))
        if was_open is None:
            return
        if was_open:
            toasts.done(t("Conversation expirée. Écrivez : le service vous le dira."))
        else:
            toasts.refused(t("Aucune conversation n'est ouverte."))
        await self.look()

    async def ask_erase(self) -> None:
        """Say what will be erased, and erase it."""
        kept = await shell.read(rehearsing.count_kept)
        if kept is None:
            return
        with dialogs.dialog(t("Effacer tous les essais")) as opened:
            telephones = counted(kept.telephones, t("{count} téléphone d'essai"), t("{count} téléphones d'essai"))
            codes = counted(kept.codes, t("{count} code"), t("{count} codes"))
            about = t(
                "{telephones} et {codes} seront effacés, de tous les programmes. Aucune vraie personne n'est concernée."
            )
            show(prose(about.format(telephones=telephones, codes=codes)))

            async def erase() -> None:
                if await shell.act(rehearsing.erase) is not None:
                    opened.close()
                    toasts.done(t("Essais effacés."))
                    await self._change()

            with dialogs.actions():
                buttons.secondary(t("Annuler"), opened.close)
                buttons.primary(t("Effacer les essais"), erase, icon="delete")
        opened.open()

    async def look(self) -> None:
        """Read where the conversation stands."""
        line = self._lines[str(self._line.value)]
        self.wire.show_standing(await shell.read(rehearsing.get_standing, line.sender_id, str(self._phone.value)))

    # On the screen

    def _say(self, order: WriteMessage, sign: Sign) -> int:
        """Put a message of ours in the chat; return its place."""
        self._bubbles.append(Bubble(self._shown(order), is_mine=True, note=clock(order.sent_at), sign=translated(sign)))
        self._draw()
        return len(self._bubbles) - 1

    def _shown(self, order: WriteMessage) -> str:
        attached = {
            Attached.PHOTO: t("[photo]"),
            Attached.VOICE: t("[message vocal]"),
            Attached.PLACE: t("[position]"),
        }.get(order.attached, "")
        return " ".join(part for part in (attached, order.text) if part)

    def _draw(self) -> None:
        self._chat.draw(self._bubbles, empty=t("Écrivez n'importe quel message : le service se présente."))

    def _tick(self) -> None:
        self.wire.tick()


def replace_order(order: WriteMessage, **changes: object) -> WriteMessage:
    """Return the same message but for some fields."""
    return order.model_copy(update=changes)


def translated(sign: Sign) -> Sign:
    """Return a sign in the language of this page."""
    return replace(sign, word=t(sign.word))
