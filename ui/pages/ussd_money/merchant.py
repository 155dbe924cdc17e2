"""`/ussd-console/marchands/{code}`: one point of sale, whom it pays, its day, and what two persons decided on it."""

from core.errors import NotFound, Refusal
from core.permissions import Permission
from core.settings import get_settings
from services import approvals, merchant_days, merchants
from services.approvals import ApprovalRow
from services.merchants import ChangeOwner, MerchantRow, MoveMerchant
from ui import forms, live, shell
from ui.components import (
    buttons,
    cards,
    chips,
    decisions,
    dialogs,
    facts,
    fields,
    history,
    layout,
    reason_dialog,
    toasts,
)
from ui.components.facts import prose
from ui.components.history import Happening
from ui.labels import Tone, day, money, t, zone
from ui.markup import Markup, show, tag
from ui.pages.ussd import acts
from ui.pages.ussd_money import day as shown_day
from ui.pages.ussd_money import words

ANSWERS = {
    "waiting": ("schedule", Tone.BLUE, "attend une décision"),
    "approved": ("check", Tone.ACCENT, "approuvé par {name}"),
    "refused": ("close", Tone.RED, "refusé par {name}"),
    "withdrawn": ("undo", Tone.NEUTRAL, "retiré"),
    "expired": ("history", Tone.NEUTRAL, "périmé"),
}


@shell.screen(f"{words.MERCHANTS}/{{code}}", title="Point de vente", needs=Permission.USSD_READ)
async def page(code: str) -> None:
    """Draw the card."""
    row = await shell.read(merchants.get_merchant, code)
    if row is None:
        raise NotFound(thing="merchant")
    card = _Card(row)
    await card.refresh()
    live.hub.subscribe(["ledger"], lambda _: card.refresh())


class _Card:
    """The parts of the page that change."""

    def __init__(self, row: MerchantRow) -> None:
        self._row = row
        self._may_write = shell.visitor().may(Permission.USSD_MERCHANTS_WRITE)
        crumbs = [("USSD", words.SECTION), (t("Marchands et agents"), words.MERCHANTS)]
        with layout.page_head(row.name, f"{words.role(row.role)} · {row.code}", crumbs=crumbs):
            self._state = show(Markup())
            self._suspend = buttons.secondary(t("Suspendre"), self._ask_suspend, icon="pause")
            self._reopen = buttons.primary(t("Rouvrir"), self._ask_reopen, icon="play_arrow")
        self._waiting = layout.stack()
        with layout.grid():
            with layout.cell(8):
                self._figures = show(Markup())
                with cards.titled(t("Opérations du jour"), is_flush=True, is_ruled=True, is_live=True):
                    self._lines = show(Markup())
                    cards.foot_link(t("La journée comme l'agent la voit"), f"{words.MERCHANTS}/{row.code}/journee")
            with layout.cell(4):
                with cards.titled(t("Point de vente")):
                    self._facts = show(Markup())
                    self._change = buttons.secondary(t("Payer une autre personne"), self._ask_owner, icon="swap_horiz")
                with cards.titled(t("Décisions")):
                    self._decided = show(Markup())

    async def refresh(self) -> None:
        """Read everything again and draw it."""
        row = await shell.read(merchants.get_merchant, self._row.code)
        day = await shell.read(merchant_days.get_day, self._row.code, zone())
        decided = await shell.read(merchants.list_decisions, self._row.code)
        waiting = await shell.read(approvals.list_waiting, kinds=merchants.KINDS)
        if row is None or day is None or decided is None:
            return
        self._row = row
        self._state.set_content(chips.chip(words.MERCHANT_STATES[row.state]))
        self._suspend.set_visibility(self._may_write and row.state == "active")
        self._reopen.set_visibility(self._may_write and row.state == "suspended")
        self._change.set_visibility(self._may_write and row.state in {"active", "suspended"})
        self._facts.set_content(facts.facts(_facts(row)))
        self._figures.set_content(shown_day.head(day))
        self._lines.set_content(shown_day.lines(day))
        self._decided.set_content(history.history([_happening(asked) for asked in decided]))
        mine = [asked for asked in waiting or () if asked.subject_id == row.id]
        self._waiting.clear()
        self._waiting.set_visibility(bool(mine))
        with self._waiting:
            decisions.card(mine, self.refresh)

    def _ask_suspend(self) -> None:
        reason_dialog.reason_dialog(
            t("Suspendre {name}").format(name=self._row.name),
            t("Son code refusera tout paiement dès maintenant, et il ne pourra plus vendre. Son argent reste à lui."),
            act=t("Suspendre {name}").format(name=self._row.name),
            confirm=self._confirm_suspend,
            is_danger=True,
        )

    def _ask_reopen(self) -> None:
        reason_dialog.reason_dialog(
            t("Rouvrir {name}").format(name=self._row.name),
            t("Son code recevra de nouveau, aussitôt."),
            act=t("Rouvrir {name}").format(name=self._row.name),
            confirm=self._confirm_reopen,
        )

    async def _confirm_suspend(self, reason: str) -> bool:
        order = forms.fill(MoveMerchant, {}, merchant_id=self._row.id, reason=reason)
        return order is not None and await self._after(
            await acts.do(merchants.suspend_merchant, order, said=t("Point de vente suspendu."))
        )

    async def _confirm_reopen(self, reason: str) -> bool:
        order = forms.fill(MoveMerchant, {}, merchant_id=self._row.id, reason=reason)
        return order is not None and await self._after(
            await acts.do(merchants.reopen_merchant, order, said=t("Point de vente rouvert."))
        )

    async def _after(self, is_done: bool) -> bool:  # noqa: FBT001  # what a verb answered, handed on
        if is_done:
            await self.refresh()
        return is_done

    def _ask_owner(self) -> None:
        row = self._row
        with dialogs.dialog(t("Payer une autre personne")) as dialog, fields.form():
            show(
                prose(
                    t(
                        "{name} ne sera plus payé ici. Une deuxième personne doit approuver, et il recevra un SMS."
                    ).format(name=row.owner_name)
                )
            )
            phone = fields.text(
                t("Numéro du nouveau titulaire"), kind="tel", hint=t("Il doit avoir un portefeuille actif.")
            )
            reason = fields.long_text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
            with dialogs.actions():
                buttons.secondary(t("Annuler"), dialog.close)
                button = buttons.primary(t("Demander le changement"))
        boxes: forms.Boxes = {"phone": phone, "reason": reason}

        async def run() -> None:
            order = forms.fill(
                ChangeOwner,
                boxes,
                merchant_id=row.id,
                phone=forms.written(phone),
                country=get_settings().ussd_country,
                reason=forms.written(reason),
            )
            if order is None:
                return
            asked = await shell.attempt(merchants.request_owner, order)
            if isinstance(asked, Refusal):
                forms.say(asked, boxes)
                return
            toasts.done(t("Demandé. Une autre personne doit approuver."))
            dialog.close()
            await self.refresh()

        button.on_click(run)
        dialog.open()


def _facts(row: MerchantRow) -> list[facts.Fact]:
    person = tag("a", f"{row.owner_name} {row.owner_phone}", href=f"{words.SECTION}/abonnes/{row.owner_id}")
    return [
        (t("Code"), row.code),
        (t("Rôle"), words.role(row.role)),
        (t("Payé à"), person if shell.visitor().may(Permission.SUBSCRIBERS_READ) else row.owner_name),
        (t("Niveau"), words.level(row.level)),
        (t("Caisse"), money(row.float_)),
        (t("Créé le"), day(row.created_at)),
    ]


def _happening(asked: ApprovalRow) -> Happening:
    icon, tone, said = ANSWERS[asked.state]
    detail = f"{asked.asked_by_name}, {t(said).format(name=asked.decided_by_name)}"
    return Happening(
        at=asked.decided_at or asked.asked_at,
        title=decisions.act_of(asked),
        detail=f"{detail} · {asked.reason}" if asked.reason else detail,
        icon=icon,
        tone=tone,
    )
