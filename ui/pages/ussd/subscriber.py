"""`/ussd-console/abonnes/{id}`: a person with his money, his PIN, what he was told and what he dialled."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from core import ids
from core.errors import NotFound
from core.permissions import Actor, Permission
from services import approvals, subscribers, ussd_sessions
from services.approvals import ApprovalRow
from services.messages import MessageRow
from services.subscribers import EraseSubscriber, SubscriberCard, SuspendSubscriber, UnlockPin, WalletRow
from services.ussd_sessions import PersonSession
from ui import live, shell
from ui.components import buttons, cards, chips, decisions, history, layout, reason_dialog, toasts
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
            if self._may_act and self._may_read_texts:
                buttons.quiet(t("Emporter ses données"), self._take_away, icon="file_export")
            if self._may_act:
                buttons.quiet(t("Effacer"), self._ask_erase, icon="delete")
        self._asked = layout.stack()
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
        self._asked.clear()
        if self._may_act:
            asked = await shell.read(_list_asked, card.user_id)
            with self._asked:
                decisions.card(asked or [], self.refresh)
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
            t(
                "Le code reste le même et trois essais sont rendus, quand une autre personne aura approuvé."
                " Assurez-vous de parler à la bonne personne."
            ),
            act=t("Demander le déblocage"),
            confirm=self._confirm_unlock,
        )

    def _ask_erase(self) -> None:
        reason_dialog.reason_dialog(
            t("Effacer {name}").format(name=self._card.name),
            t(
                "Nom, numéro, code et textes disparaissent pour toujours, quand une autre personne aura approuvé."
                " Le portefeuille doit être vide. Les livres gardent les montants et les références."
            ),
            act=t("Demander l'effacement"),
            confirm=self._confirm_erase,
            is_danger=True,
        )

    async def _confirm_suspend(self, reason: str) -> bool:
        order = SuspendSubscriber(user_id=self._card.user_id, reason=reason)
        return await self._after(await acts.do(subscribers.suspend, order, said=t("Abonné suspendu.")))

    async def _confirm_reactivate(self, reason: str) -> bool:
        order = SuspendSubscriber(user_id=self._card.user_id, reason=reason)
        return await self._after(await acts.do(subscribers.reactivate, order, said=t("Abonné réactivé.")))

    async def _confirm_unlock(self, reason: str) -> bool:
        order = UnlockPin(user_id=self._card.user_id, reason=reason)
        return await self._ask_second(subscribers.unlock_pin, order)

    async def _confirm_erase(self, reason: str) -> bool:
        return await self._ask_second(subscribers.erase, EraseSubscriber(user_id=self._card.user_id, reason=reason))

    async def _ask_second(self, verb: Callable[..., ApprovalRow], order: Any) -> bool:
        asked = await shell.act(verb, order)
        if asked is not None:
            toasts.done(t("Demandé : une autre personne décide."))
            await self.refresh()
        return asked is not None

    async def _take_away(self) -> None:
        content = await shell.act(subscribers.export, self._card.user_id)
        if content is not None:
            ui.download.content(content, f"abonne-{self._card.user_id}.zip", "application/zip")

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


def _list_asked(session: Any, actor: Actor, user_id: UUID) -> list[ApprovalRow]:
    """Return what waits for a second person about this one."""
    kinds = frozenset({"pin_unlock", "subscriber_erase"})
    return [row for row in approvals.list_waiting(session, actor, kinds=kinds) if row.subject_id == user_id]


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
