"""`/ussd-console/abonnes/{id}`: a person with his money, his PIN, what he was told and what he dialled."""

from core import ids
from core.errors import NotFound
from core.permissions import Permission
from services import subscribers, ussd_sessions
from services.messages import MessageRow
from services.subscribers import SubscriberCard, SuspendSubscriber, UnlockPin, WalletRow
from services.ussd_sessions import PersonSession
from ui import live, shell
from ui.components import buttons, cards, chips, history, layout, reason_dialog
from ui.components.empty import sentence
from ui.components.history import Happening
from ui.labels import count, t, when, zone
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import acts, shown_person, words
from ui.pages.ussd.statement import Statement


@shell.screen("/ussd-console/abonnes/{user_id}", title="Abonné", needs=Permission.SUBSCRIBERS_READ)
async def subscriber(user_id: str) -> None:
    """Draw the card; balance, statement, messages and sessions follow what happens."""
    identifier = ids.parse_id(user_id)
    if identifier is None:
        raise NotFound(thing="subscriber")
    card = await shell.read(subscribers.get_subscriber, identifier, zone())
    if card is None:
        return
    page = _Page(card)
    await page.draw(card)
    live.hub.subscribe(["ussd", "ledger"], lambda _: page.refresh())


class _Page:
    """The parts of the page that change."""

    def __init__(self, card: SubscriberCard) -> None:
        self._card = card
        visitor = shell.visitor()
        self._may_act = visitor.may(Permission.SUBSCRIBERS_WRITE)
        self._may_read_texts = visitor.may(Permission.USSD_TEXTS_READ)
        self._may_see_sessions = visitor.may(Permission.USSD_READ)
        crumbs = [("USSD", words.SECTION), (t("Abonnés"), words.SUBSCRIBERS)]
        with layout.page_head(card.name or card.phone, _subtitle(card), crumbs=crumbs):
            self._state = show(Markup())
            self._suspend = buttons.secondary(t("Suspendre"), self._ask_suspend, icon="pause")
            self._reactivate = buttons.primary(t("Réactiver"), self._ask_reactivate, icon="play_arrow")
        with layout.grid():
            with layout.cell(8):
                self._wallets = [_WalletPlace(wallet) for wallet in card.wallets]
                if not card.wallets:
                    with cards.card():
                        show(sentence(t("Cette personne n'a pas de portefeuille."), "account_balance_wallet"))
                self._draw_messages()
            with layout.cell(4):
                self._draw_pin()
                if self._may_see_sessions:
                    with cards.titled(t("Sessions"), is_live=True):
                        self._sessions = show(Markup())

    async def refresh(self) -> None:
        card = await shell.read(subscribers.get_subscriber, self._card.user_id, zone())
        if card is not None:
            await self.draw(card)
            for place in self._wallets:
                await place.statement.load()

    async def draw(self, card: SubscriberCard) -> None:
        """Draw what the person is now."""
        self._card = card
        standing = shown_person.standing(card)
        self._state.set_content(chips.chip(words.person_state(standing)))
        self._suspend.set_visibility(self._may_act and standing == "active")
        self._reactivate.set_visibility(self._may_act and standing == "suspended")
        for place, wallet in zip(self._wallets, card.wallets, strict=False):
            place.draw(wallet)
        self._pin.set_content(shown_person.pin(card.pin))
        self._unlock.set_visibility(self._may_act and card.pin is not None and shown_person.needs_unlock(card.pin))
        if self._may_read_texts:
            rows = await shell.read(subscribers.list_messages, card.user_id, limit=6)
            self._messages.set_content(_messages(list(rows or [])))
        if self._may_see_sessions:
            sessions = await shell.read(ussd_sessions.list_sessions_of, card.user_id)
            self._sessions.set_content(history.history([_happening(row) for row in sessions or []]))

    def _draw_pin(self) -> None:
        with cards.titled(t("Code secret")):
            self._pin = show(Markup())
            self._unlock = buttons.secondary(t("Débloquer le code"), self._ask_unlock, icon="lock_open")

    def _draw_messages(self) -> None:
        with cards.titled(t("Messages"), is_flush=True, is_ruled=True):
            self._messages = show(sentence(t("Votre rôle ne montre pas les textes des messages."), "visibility_off"))

    def _ask_suspend(self) -> None:
        reason_dialog.reason_dialog(
            t("Suspendre {name}").format(name=self._card.name),
            t("Ses portefeuilles n'enverront et ne recevront plus rien. Un dialogue en cours s'arrêtera."),
            act=t("Suspendre {name}").format(name=self._card.name),
            confirm=self._confirm_suspend,
            is_danger=True,
        )

    def _ask_reactivate(self) -> None:
        reason_dialog.reason_dialog(
            t("Réactiver {name}").format(name=self._card.name),
            t("Ses portefeuilles pourront de nouveau envoyer et recevoir."),
            act=t("Réactiver {name}").format(name=self._card.name),
            confirm=self._confirm_reactivate,
        )

    def _ask_unlock(self) -> None:
        reason_dialog.reason_dialog(
            t("Débloquer le code de {name}").format(name=self._card.name),
            t("Le code reste le même et trois essais sont rendus. Assurez-vous de parler à la bonne personne."),
            act=t("Débloquer le code"),
            confirm=self._confirm_unlock,
        )

    async def _confirm_suspend(self, reason: str) -> bool:
        order = SuspendSubscriber(user_id=self._card.user_id, reason=reason)
        return await self._after(await acts.do(subscribers.suspend, order, said=t("Abonné suspendu.")))

    async def _confirm_reactivate(self, reason: str) -> bool:
        order = SuspendSubscriber(user_id=self._card.user_id, reason=reason)
        return await self._after(await acts.do(subscribers.reactivate, order, said=t("Abonné réactivé.")))

    async def _confirm_unlock(self, reason: str) -> bool:
        order = UnlockPin(user_id=self._card.user_id, reason=reason)
        return await self._after(await acts.do(subscribers.unlock_pin, order, said=t("Code débloqué.")))

    async def _after(self, is_done: bool) -> bool:  # noqa: FBT001  # what a verb answered, handed on
        if is_done:
            await self.refresh()
        return is_done


class _WalletPlace:
    """One wallet: balance with its time, ceilings used, statement."""

    def __init__(self, wallet: WalletRow) -> None:
        with cards.titled(t("Portefeuille"), words.level(wallet.level), is_live=True):
            self._shown = show(Markup())
        with cards.titled(t("Relevé"), t("chaque mouvement du grand livre"), is_flush=True):
            self.statement = Statement(wallet.wallet_id)

    def draw(self, wallet: WalletRow) -> None:
        """Draw the figures."""
        self._shown.set_content(shown_person.wallet(wallet))


def _subtitle(card: SubscriberCard) -> str:
    return f"{card.phone} · {words.language(card.language)} · {card.country}"


def _messages(rows: list[MessageRow]) -> Markup:
    if not rows:
        return sentence(t("Aucun message. Les reçus et les avis de cette personne paraîtront ici."), "sms")
    return join(*map(_message, rows))


def _message(row: MessageRow) -> Markup:
    head = tag(
        "div",
        tag("span", words.message(row.type), class_="line-title"),
        tag("time", when(row.created_at), datetime=row.created_at.isoformat(), class_="caption"),
        class_="message-head",
    )
    return tag("article", head, tag("p", row.body), class_="message")


def _happening(row: PersonSession) -> Happening:
    sign = words.session_state(row.state)
    reached = words.goal(row.goal) or words.screen(row.screen)
    turns = t("{number} étapes").format(number=count(row.turns))
    return Happening(
        at=row.begun_at,
        title=reached,
        detail=f"{row.service} · {turns} · {t(sign.word)}",
        icon="check" if row.goal else sign.icon,
        tone=sign.tone,
        href=f"{words.SECTION}/sessions/{row.id}",
    )
