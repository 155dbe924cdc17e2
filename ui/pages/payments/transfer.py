"""`/paiements/transferts/{id}`: what one transfer went through, what was said on the wire, what the ledger holds."""

from functools import partial
from typing import Any

from nicegui import ui

from core import ids
from core.errors import NotFound
from core.ids import new_id
from core.permissions import Permission
from services import inbound, transfers
from services.inbound import EventSearch
from services.transfers.cards import (
    Attempt,
    EntryLine,
    Relative,
    TransferCard,
    TransferStep,
    get_transfer,
    list_attempts,
    list_entries,
)
from ui import live, shell
from ui.components import (
    buttons,
    cards,
    chips,
    confirm_dialog,
    copy_field,
    decisions,
    empty,
    facts,
    figures,
    history,
    layout,
    reason_dialog,
    toasts,
)
from ui.components.decisions import Then
from ui.components.exchanges import calls
from ui.labels import Tone, count, moment, money, page_language, t
from ui.markup import Markup, join, show, tag
from ui.pages.ledger import words as ledger_words
from ui.pages.payments import settling, shown, words

REFRESH_S = 1.0


@shell.screen("/paiements/transferts/{transfer_id}", title="Transfert", needs=Permission.PAYMENTS_READ)
async def transfer(transfer_id: str) -> None:
    """Draw the transfer; it is drawn again whenever one moves."""
    identifier = ids.parse_id(transfer_id)
    if identifier is None:
        raise NotFound(thing="transfer")
    card = await shell.read(get_transfer, identifier)
    if card is None:
        return
    place = layout.stack()
    drawn = [card]

    async def refresh() -> None:
        fresh = await shell.read(get_transfer, identifier)
        if fresh is not None and not place.is_deleted:
            drawn[:] = [fresh]
            with place:
                place.clear()
                await _draw(fresh, refresh)

    async def follow() -> None:
        """Draw again only what moved: another transfer's news closes nothing somebody reads here."""
        if await shell.read(get_transfer, identifier) != drawn[0]:
            await refresh()

    with place:
        await _draw(card, refresh)
    live.hub.subscribe(["transfers"], lambda _: follow(), every_s=REFRESH_S)


async def _draw(card: TransferCard, again: Then) -> None:
    line = card.line
    crumbs = [(t("Paiements"), words.SECTION)]
    subtitle = f"{words.direction(line.direction)} · {words.purpose(line.purpose)}"
    with layout.page_head(
        words.short(line.reference), subtitle, crumbs=crumbs, chip=chips.chip(words.STATES[line.state])
    ):
        _actions(card)
    attempts = await shell.read(list_attempts, line.id) or []
    heard = await shell.read(inbound.list_events, EventSearch(transfer_id=line.id)) or ([], 0)
    entries = await shell.read(list_entries, line.id) or []
    with layout.grid():
        with layout.cell(8):
            if line.state == "unknown":
                await settling.panel(card, again)
            elif card.is_held:
                decisions.card(await shell.read(settling.list_asked, line.id, "transfer_refund") or [], again)
            with cards.titled(t("Déroulé")):
                befores = (None, *card.steps)
                happenings = [_happening(card, *pair) for pair in zip(befores, card.steps, strict=False)]
                show(history.history(happenings[::-1]))
            with cards.titled(t("Échanges"), count=count(len(attempts)), is_flush=True, is_ruled=True):
                show(_calls(attempts))
            if heard[0]:
                with cards.titled(t("Rappels"), count=count(heard[1]), is_flush=True, is_ruled=True):
                    show(shown.callbacks_table(heard[0]), classes="entries")
            with cards.titled(t("Écritures"), is_flush=True, is_ruled=True):
                show(_entries(entries), classes="entries")
        with layout.cell(4):
            with cards.titled(t("Transfert")):
                show(figures.amount(line.amount, is_big=True))
                show(facts.facts(_facts(card)))
            with cards.titled(t("Chez l'opérateur")):
                own = copy_field.copy_field(line.reference, label=t("Notre référence"))
                show(join(own, _their_reference(card)), classes="copies")
                show(facts.facts(_provider_facts(card)))


# What may be done


def _actions(card: TransferCard) -> None:
    actor, line = shell.visitor(), card.line
    may_act = actor.may(Permission.PAYMENTS_ACT)
    if may_act and line.state == "created":
        buttons.secondary(t("Annuler le transfert"), partial(_ask_cancel, card), icon="close")
    if actor.may(Permission.PAYMENTS_REFUND) and line.direction == "collect" and line.state == "succeeded":
        button = buttons.secondary(t("Rembourser"), partial(_ask_refund, card), icon="undo")
        button.set_enabled(card.refundable.minor > 0)
    if may_act and card.submitted_at is not None and line.state in words.OPEN:
        buttons.primary(t("Interroger maintenant"), partial(_ask_read, card), icon="sync")


def _ask_read(card: TransferCard) -> None:
    line = card.line

    async def confirm() -> Any:
        asked = await shell.act(transfers.ask_now, transfers.AskNow(transfer_id=line.id))
        if asked is not None:
            toasts.done(t("La question part ; la réponse paraîtra ici."))
        return asked

    confirm_dialog.confirm_dialog(
        t("Interroger maintenant"),
        t(
            "{account} dira ce qu'il sait de ces {amount}. Rien n'est renvoyé, rien n'est payé une deuxième fois."
        ).format(account=line.account, amount=money(line.amount)),
        act=t("Interroger {account}").format(account=line.account),
        confirm=confirm,
        notes=tuple(_reading_facts(card)),
    )


def _ask_refund(card: TransferCard) -> None:
    line, key = card.line, f"refund:{new_id()}"  # made now: two quick clicks are one refund

    async def confirm(reason: str) -> bool:
        order = transfers.RefundTransfer(key=key, transfer_id=line.id, amount=card.refundable, reason=reason)
        asked = await shell.act(transfers.refund, order)
        if asked is None:
            return False
        toasts.done(t("Demandé : une deuxième personne décidera."))
        ui.navigate.to(f"{words.SECTION}/transferts/{asked.id}")
        return True

    amount, in_words = money(card.refundable), card.refundable.in_words(page_language())
    reason_dialog.reason_dialog(
        t("Rembourser {amount} à {name}").format(amount=amount, name=line.party_name or line.party),
        t(
            "{words} ({amount}) repartiront par {account} vers {party}. La somme est réservée aussitôt ; elle part"
            " quand une deuxième personne a approuvé."
        ).format(
            words=f"{in_words[:1].upper()}{in_words[1:]}",
            amount=amount,
            account=line.account,
            party=line.party,
        ),
        act=t("Demander le remboursement de {amount}").format(amount=amount),
        confirm=confirm,
    )


def _ask_cancel(card: TransferCard) -> None:
    line = card.line

    async def confirm(reason: str) -> bool:
        order = transfers.CancelTransfer(transfer_id=line.id, reason=reason)
        cancelled = await shell.act(transfers.cancel, order)
        if cancelled is None:
            return False
        toasts.done(t("Transfert annulé : rien n'était parti."))
        return True

    reason_dialog.reason_dialog(
        t("Annuler le transfert"),
        t(
            "Rien n'est encore parti chez l'opérateur. {amount} ne bougeront pas, et ce qui était réservé est rendu."
        ).format(amount=money(line.amount)),
        act=t("Annuler {amount}").format(amount=money(line.amount)),
        confirm=confirm,
        is_danger=True,
    )


# What is shown


def _happening(card: TransferCard, before: TransferStep | None, step: TransferStep) -> history.Happening:
    sign = words.STATES[step.to_state]
    later = t("{duration} après").format(duration=shown.took((step.at - before.at).total_seconds())) if before else ""
    said = [words.cause(step.cause), later, words.reason(step.reason).rstrip("."), step.detail]
    if step.actor and step.cause in {"operator", "request"}:
        said.append(step.actor)
    is_now = step is card.steps[-1]
    return history.Happening(
        step.at,
        t("Demandé") if not step.from_state else t(sign.word),
        " · ".join(part for part in said if part),
        icon=sign.icon,
        tone=sign.tone if is_now else Tone.NEUTRAL,
        href=f"{words.CALLBACKS}?rappel={step.callback_id}" if step.callback_id else "",
    )


def _calls(attempts: list[Attempt]) -> Markup:
    if not attempts:
        return empty.sentence(t("Rien n'est encore parti chez l'opérateur."), "send")
    return calls(
        [shown.call(attempt) for attempt in attempts],
        asked=t("Demande"),
        answered=t("Réponse"),
        hidden=t("Le contenu des échanges n'est pas ouvert à votre rôle."),
    )


def _facts(card: TransferCard) -> list[facts.Fact]:
    line = card.line
    lines: list[facts.Fact] = [
        (t("Personne"), join(tag("b", line.party_name), " " if line.party_name else None, line.party)),
        (t("Objet"), shown.subject(card)),
        (t("Motif"), words.reason(line.reason)),
        (t("Demandé par"), card.asked_by),
        (t("Demandé le"), moment(line.created_at)),
        (t("Parti le"), moment(card.submitted_at)),
        (t("Connu le"), moment(card.ended_at)),
    ]
    if card.is_held:
        lines.append((t("Retenu"), t("attend une deuxième personne")))
    if card.provider_fee.minor:
        lines.append((t("Frais de l'opérateur"), money(card.provider_fee)))
    if card.parent is not None:
        lines.append((t("Rend"), _relative(card.parent)))
    lines += [(t("Rendu par"), _relative(child)) for child in card.children]
    lines += _reading_facts(card)
    return [(label, value) for label, value in lines if value]


def _reading_facts(card: TransferCard) -> list[facts.Fact]:
    line = card.line
    if card.submitted_at is None:
        return []
    lines: list[facts.Fact] = [(t("Lectures faites"), count(line.reads))]
    if line.next_read_at is not None:
        lines.append((t("Prochaine lecture"), shown.until(line.next_read_at)))
    return lines


def _relative(other: Relative) -> Markup:
    words_shown = f"{words.short(other.reference)}, {money(other.amount)}"
    link = tag("a", words_shown, href=f"{words.SECTION}/transferts/{other.id}", class_="link")
    return join(link, " ", chips.chip(words.STATES[other.state]))


def _their_reference(card: TransferCard) -> Markup | None:
    if not card.line.provider_ref:
        return None
    return copy_field.copy_field(card.line.provider_ref, label=t("Référence de l'opérateur"))


def _provider_facts(card: TransferCard) -> list[facts.Fact]:
    line = card.line
    lines: list[facts.Fact] = [
        (t("Compte"), line.account),
        (t("Environnement"), shown.environment(line.environment)),
        (t("Dernier mot"), tag("code", card.provider_state, class_="code-inline") if card.provider_state else ""),
        (t("Échéance"), moment(card.deadline_at)),
        (t("Clé"), tag("code", card.key, class_="code-inline")),
    ]
    return [(label, value) for label, value in lines if value]


def _entries(entries: list[EntryLine]) -> Markup:
    if not entries:
        return empty.sentence(t("Rien n'a été écrit au grand livre."), "receipt_long")
    head = tag(
        "tr",
        tag("th", t("Compte"), scope="col"),
        tag("th", t("Phase"), scope="col", class_="wide-only"),
        tag("th", t("Débit"), scope="col", class_="number"),
        tag("th", t("Crédit"), scope="col", class_="number"),
    )
    return tag("table", tag("thead", head), tag("tbody", join(*map(_entry, entries))), class_="plain-table")


def _entry(entry: EntryLine) -> Markup:
    name = ledger_words.account(entry.kind, entry.label)
    is_linked = shell.visitor().may(Permission.LEDGER_READ)
    size = money(-entry.amount if entry.amount.minor < 0 else entry.amount)
    phase = t(words.ENTRIES[entry.what])
    link = f"/grand-livre/operations/{entry.transaction_id}"
    return tag(
        "tr",
        tag("td", tag("a", name, href=f"/grand-livre/comptes/{entry.account_id}") if is_linked else name),
        tag("td", tag("a", phase, href=link) if is_linked else phase, class_="wide-only"),
        tag("td", size if entry.amount.minor > 0 else "", class_="number"),
        tag("td", size if entry.amount.minor < 0 else "", class_="number"),
    )
