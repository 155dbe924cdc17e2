"""`/ussd-console/sessions/{id}`: one dialogue, its screens as they were on the phone, what it moved, and its end."""

from datetime import datetime

from channels.ussd import scripts
from channels.ussd.scripts import KeepSession
from core import ids
from core.errors import NotFound
from core.permissions import Permission
from core.settings import get_settings
from services import subscribers, ussd, ussd_sessions
from services.subscribers import OperationRow
from services.ussd_sessions import SessionCard, SessionStep
from ui import live, shell
from ui.components import buttons, cards, chips, facts, history, layout, phone_screens, reason_dialog
from ui.components.empty import sentence
from ui.components.history import Happening
from ui.components.phone_screens import PhoneScreen
from ui.labels import Tone, count, decimal, duration, moment, money, t
from ui.markup import Markup, show, tag
from ui.pages.ussd import acts, keeping, words

US_PER_MS = 1_000


@shell.screen("/ussd-console/sessions/{session_id}", title="Session USSD", needs=Permission.USSD_READ)
async def session(session_id: str) -> None:
    """Draw the dialogue; while it is open, it goes on by itself."""
    identifier = ids.parse_id(session_id)
    if identifier is None:
        raise NotFound(thing="session")
    card = await shell.read(ussd_sessions.get_session, identifier)
    if card is None:
        return
    page = _Page(card)
    await page.refresh(card)
    if card.state == "open":
        live.hub.subscribe(["ussd"], lambda _: page.follow())


class _Page:
    """The parts of the page that change while the dialogue goes on."""

    def __init__(self, card: SessionCard) -> None:
        self._id = card.id
        crumbs = [("USSD", words.SECTION)]
        with layout.page_head(card.phone or t("Appelant anonyme"), _subtitle(card), crumbs=crumbs):
            self._state = show(Markup())
            self._keep = buttons.secondary(t("Garder comme parcours"), self._ask_name, icon="bookmark")
            self._end = buttons.secondary(t("Terminer la session"), self._ask_end, icon="call_end")
        with layout.grid():
            with layout.cell(8):
                with cards.titled(t("Écrans"), t("comme sur le téléphone"), is_flush=True):
                    self._screens = show(Markup())
                with cards.titled(t("Déroulement")):
                    self._steps = show(Markup())
            with layout.cell(4):
                with cards.titled(t("Session")):
                    self._facts = show(Markup())
                with cards.titled(t("Argent")):
                    self._money = show(Markup())

    async def follow(self) -> None:
        card = await shell.read(ussd_sessions.get_session, self._id)
        if card is not None:
            await self.refresh(card)

    async def refresh(self, card: SessionCard) -> None:
        """Draw what the dialogue is now."""
        steps = await shell.read(ussd_sessions.list_steps, card.id)
        operations = [await shell.read(subscribers.get_operation, each) for each in card.operation_ids]
        self._state.set_content(chips.chip(words.session_state(card.state)))
        is_playable = card.state != "open" and get_settings().is_forgiving
        self._keep.set_visibility(is_playable and shell.visitor().may(Permission.USSD_SIMULATE))
        self._end.set_visibility(card.state == "open" and shell.visitor().may(Permission.USSD_ACT))
        self._screens.set_content(_screens(steps or []))
        self._steps.set_content(history.history([_happening(step, card.begun_at) for step in steps or []]))
        self._facts.set_content(facts.facts(_facts(card)))
        self._money.set_content(_money([found[0] for found in operations if found]))

    def _ask_name(self) -> None:
        keeping.ask_name(
            t("Le téléphone le rejouera sur chaque brouillon. Le code secret n'est pas gardé."), self._keep_as
        )

    async def _keep_as(self, title: str) -> bool:
        return await shell.act(scripts.keep_session, KeepSession(session_id=self._id, title=title)) is not None

    def _ask_end(self) -> None:
        reason_dialog.reason_dialog(
            t("Terminer la session"),
            t("Sa prochaine réponse recevra une fin. Ce qui a été fait reste fait."),
            act=t("Terminer la session"),
            confirm=self._confirm_end,
            is_danger=True,
        )

    async def _confirm_end(self, reason: str) -> bool:
        order = ussd.EndSession(session_id=self._id, reason=reason)
        is_done = await acts.do(ussd.end_session, order, said=t("Session terminée."))
        if is_done:
            await self.follow()
        return is_done


def _subtitle(card: SessionCard) -> str:
    begun = t("{service}, le {moment}").format(service=card.service, moment=moment(card.begun_at))
    return f"{card.user_name} · {begun}" if card.user_name else begun


def _facts(card: SessionCard) -> list[facts.Fact]:
    version = t("version {number}").format(number=card.version)
    person = tag("a", card.user_name or card.phone, href=f"{words.SUBSCRIBERS}/{card.user_id}")
    end = card.ended_at or card.last_activity_at
    return [
        (t("Abonné"), person if card.user_id else t("Inconnu")),
        (t("Passerelle"), card.gateway),
        (t("Service"), f"{card.service}, {version}"),
        (t("Réseau"), words.network(card.network)),
        (t("Langue"), words.language(card.language)),
        (t("Durée"), duration((end - card.begun_at).total_seconds())),
        (t("Étapes"), count(card.turns)),
        (t("Objectif"), words.goal(card.goal)),
        (t("Génération"), count(card.generation)),
        (t("Conflits"), count(card.conflicts)),
        (t("Rejeux"), count(card.replays)),
        (t("Clé"), tag("code", card.key, class_="code-inline")),
    ]


def _screens(steps: list[SessionStep]) -> Markup:
    if not steps:
        return _said(t("Aucun écran n'a encore été envoyé."))
    if steps[0].shown is None:
        return _said(t("Votre rôle ne montre pas les textes des écrans."))
    if not any(step.shown for step in steps):
        return _said(t("Les textes de cette session ont été effacés après leur délai."))
    return phone_screens.phone_screens([_screen(step) for step in steps])


def _said(text: str) -> Markup:
    return sentence(text, "sms")


def _screen(step: SessionStep) -> PhoneScreen:
    return PhoneScreen(
        number=step.number,
        name=words.screen(step.screen),
        typed=step.typed or "",
        text=step.shown or "",
        note=_note(step),
        mark=words.refusal(step.refusal) if step.refusal else "" if step.has_more else t("Fin"),
        tone=Tone.RED if step.is_error else Tone.OCHRE if step.refusal else Tone.NEUTRAL,
    )


def _note(step: SessionStep) -> str:
    unit = t("septets") if step.coding == "gsm7" else "UCS-2"
    return f"{decimal(step.elapsed_us / US_PER_MS)} ms · {step.size} {unit}"


def _happening(step: SessionStep, begun_at: datetime) -> Happening:
    offset = t("à {offset}").format(offset=duration((step.at - begun_at).total_seconds()))
    odd = words.refusal(step.refusal) if step.refusal else ""
    replays = t("rejouée {number} fois").format(number=step.replays) if step.replays else ""
    tone = Tone.RED if step.is_error else Tone.OCHRE if step.refusal else Tone.ACCENT
    return Happening(
        at=step.at,
        title=words.screen(step.screen),
        detail=" · ".join(part for part in (offset, odd, _note(step), replays) if part),
        icon="error" if step.refusal else "check" if not step.has_more else "sms",
        tone=tone if step.refusal or not step.has_more else Tone.NEUTRAL,
    )


def _money(operations: list[OperationRow]) -> Markup:
    if not operations:
        return facts.prose(t("Cette session n'a rien déplacé."))
    return facts.facts([(f"{words.kind(row.type)} {row.reference}", _link(row)) for row in operations])


def _link(row: OperationRow) -> Markup:
    return tag("a", money(row.amount), href=f"{words.SECTION}/operations/{row.id}")
