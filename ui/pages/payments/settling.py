"""Settling an unknown: what its provider allows, the proofs, the end a person says it had, and the second signature."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from core.permissions import Actor, Permission
from providers.answers import Reason
from services import approvals, unknowns
from services.approvals import ApprovalRow
from services.transfers.cards import TransferCard
from services.transfers.reasons import REASONS
from services.unknowns import AttachProof, ProofRow, SettleUnknown, UnknownRow
from ui import forms, shell
from ui.components import buttons, cards, decisions, dialogs, fields, layout, toasts, uploads
from ui.components.facts import prose
from ui.labels import count, money, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.payments import words

KIB = 1_024

Then = Callable[[], Awaitable[Any]]


async def panel(card: TransferCard, then: Then) -> None:
    """Draw what a person can do about an unknown; `then` draws the transfer again."""
    row = await shell.read(unknowns.get_unknown, card.line.id)
    if row is None:
        return
    asked = await shell.read(list_asked, row.id, "settle_unknown")
    decisions.card(asked or [], then)
    proofs = await shell.read(unknowns.list_proofs, row.id) or []
    with cards.titled(t("Régler"), t("Personne ne sait encore comment il a fini")):
        cards.notice(allowed(row), tone="ochre", icon_name="help")
        if proofs:
            with ui.element("ul").classes("proofs"):
                for proof in proofs:
                    _proof(proof)
        else:
            show(prose(t("Aucune preuve jointe : la ligne du relevé ou la réponse écrite de l'opérateur.")))
        if shell.visitor().may(Permission.PAYMENTS_ACT):
            uploads.upload(
                t("Déposez une preuve ici"),
                partial(_attach, row, then),
                accept=",".join(unknowns.BEGINNINGS),
                kinds=t("PDF, image ou texte"),
                largest_bytes=unknowns.LARGEST_PROOF_BYTES,
                button=t("Joindre une preuve"),
            )
            if row.approval_id is None and proofs:
                with layout.row(at_end=True):
                    buttons.secondary(t("Régler…"), partial(_ask, row, then), icon="gavel")


def allowed(row: UnknownRow) -> str:
    """Return what the provider's contract lets us conclude."""
    if row.not_seen_is_proof:
        first = t("Si l'opérateur ne le connaît pas 15 minutes après l'envoi, il ne l'a jamais reçu.")
    else:
        first = t("Que l'opérateur ne le retrouve pas ne prouve rien.")
    listed = t("Sa liste du jour peut trancher.") if row.has_list else t("Il ne donne aucune liste : il faut un écrit.")
    return f"{first} {listed}"


def list_asked(session: Any, actor: Actor, transfer_id: UUID, kind: str) -> list[ApprovalRow]:
    """Return what waits for a second person about one transfer, to who may decide it or has asked it."""
    waiting = approvals.list_waiting(session, actor, kinds=frozenset({kind}))
    return [asked for asked in waiting if asked.subject_id == transfer_id]


def _proof(proof: ProofRow) -> None:
    with ui.element("li").classes("proof"):
        size = t("{size} Kio").format(size=count(max(1, proof.size_bytes // KIB)))
        added = t("ajoutée par {name}, {when}").format(name=proof.added_by_name, when=when(proof.added_at))
        show(
            tag(
                "span",
                tag("span", proof.file_name, class_="line-title"),
                tag("span", f"{size}, {added}", class_="line-detail"),
                class_="waiting-words",
            ),
            classes="proof-words",
        )
        if shell.visitor().may(Permission.PAYMENTS_EXCHANGES_READ):
            buttons.icon_only("download", t("Télécharger {name}").format(name=proof.file_name), partial(_save, proof))


async def _save(proof: ProofRow) -> None:
    found = await shell.read(unknowns.get_proof, proof.id)
    if found is not None:
        ui.download.content(found.content, found.file_name, found.content_type)


async def _attach(row: UnknownRow, then: Then, name: str, kind: str, content: bytes) -> None:
    order = AttachProof(transfer_id=row.id, file_name=name, content_type=kind.partition(";")[0], content=content)
    if await shell.act(unknowns.attach_proof, order) is not None:
        toasts.done(t("Preuve jointe."))
        await then()


def _ask(row: UnknownRow, then: Then) -> None:
    """Open the dialog: how it ended, why, what the proof says; it says what will follow before it does it."""
    with dialogs.dialog(t("Régler {amount}").format(amount=money(row.amount))) as dialog:
        with fields.form():
            end = fields.choice(t("Comment a-t-il fini ?"), words.choices(words.ENDINGS), value="succeeded")
            reason = fields.choice(t("Motif"), {code.value: t(said.operator) for code, said in REASONS.items()})
            detail = fields.long_text(t("Ce que dit la preuve"), hint=t("Il reste dans la piste d'audit."))
            reference = fields.text(t("Référence de l'opérateur"), value=row.provider_ref)
        told = show(prose(""))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary("")
    boxes = {"to": end, "reason": reason, "detail": detail, "provider_ref": reference}

    def follow() -> None:
        reason.set_visibility(end.value == "failed")
        if reason.parent_slot is not None:
            reason.parent_slot.parent.set_visibility(end.value == "failed")
        told.set_content(consequence(row, str(end.value)))
        button.text = _act(row, str(end.value))

    async def run() -> None:
        order = forms.fill(
            SettleUnknown,
            boxes,
            transfer_id=row.id,
            to=str(end.value),
            reason=Reason(str(reason.value)) if reason.value and end.value == "failed" else None,
            detail=forms.written(detail),
            provider_ref=forms.written(reference),
        )
        if order is None:
            return
        button.disable()
        try:
            done = await shell.attempt(unknowns.settle, order)
        finally:
            if not button.is_deleted:
                button.enable()
        if isinstance(done, unknowns.Settlement):
            toasts.done(t("Demandé : une deuxième personne décidera.") if done.approval else t("Réglé."))
            dialog.close()
            await then()
        else:
            forms.say(done, boxes)

    end.on_value_change(follow)
    button.on_click(run)
    follow()
    dialog.open()


def _act(row: UnknownRow, end: str) -> str:
    if row.direction in words.LEAVING:
        return t("Demander l'accord")
    return t("Régler : {end}").format(end=t(words.ENDINGS[end]).lower())


def consequence(row: UnknownRow, end: str) -> Markup:
    """Return what settling will do to the money, and who must agree."""
    amount = money(row.amount)
    if row.direction in words.LEAVING:
        done = (
            t("{amount} réservés quitteront pour de bon.")
            if end == "succeeded"
            else t("{amount} réservés seront rendus.")
        )
        lines = [done.format(amount=amount), t("Une deuxième personne doit approuver ; rien ne bouge avant.")]
    elif end == "succeeded":
        lines = [t("{amount} seront comptabilisés aussitôt, et la personne prévenue.").format(amount=amount)]
    else:
        lines = [t("Rien ne sera comptabilisé. Si l'argent arrive malgré tout, il ouvrira un dossier.")]
    return join(*map(prose, lines))
