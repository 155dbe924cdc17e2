"""`/paiements/rapprochement/{id}`: one account's day, both totals, every difference, and its closing."""

from nicegui import ui

from core import ids
from core.errors import NotFound
from core.formats import day as day_text
from core.permissions import Permission
from services import reconciliation
from services.reconciliation import DayRow, ItemRow, ResolveItem
from services.reconciliation.words import SOURCES
from ui import shell
from ui.components import buttons, cards, chips, dialogs, empty, facts, fields, layout, toasts
from ui.components.figures import amount, figure
from ui.components.tiles import Measure, measures
from ui.labels import Tone, count, counted, moment, money, page_language, t
from ui.markup import Markup, join, show, tag
from ui.pages.payments.reconciliation_words import KINDS, PATH, standing

MOST_ITEMS = 200


@shell.screen(PATH + "/{run_id}", title="Jour de rapprochement", needs=Permission.PAYMENTS_READ)
async def day(run_id: str) -> None:
    """Draw both sides of the day, then the differences, the open ones first."""
    identifier = ids.parse_id(run_id)
    if identifier is None:
        raise NotFound(thing="reconciliation_run")
    row = await shell.read(reconciliation.get_day, identifier)
    items = await shell.read(reconciliation.list_items, identifier, limit=MOST_ITEMS)
    if row is None or items is None:
        return
    title = day_text(row.day, page_language())
    chip = chips.chip(standing(row))
    with layout.page_head(title, row.account_label, crumbs=[(t("Rapprochement"), PATH)], chip=chip):
        buttons.secondary(t("PDF"), lambda: _print(row), icon="print")
        if row.state == "open" and not row.open_items and shell.visitor().may(Permission.PAYMENTS_ACT):
            buttons.primary(t("Clôturer le jour"), lambda: _close(row), icon="lock")
    if row.note:
        cards.notice(
            t("L'opérateur n'a pas répondu jusqu'au bout. La comparaison reprendra d'elle-même."), tone="ochre"
        )
    show(measures(_measures(row)))
    with layout.grid():
        with layout.cell(8), cards.titled(t("Écarts"), count=count(row.items), is_flush=True, is_ruled=True):
            if not items:
                show(empty.sentence(t("Tout concorde."), "check_circle"))
            for item in items:
                _draw_item(row, item)
        with layout.cell(4), cards.titled(t("Ce jour")):
            show(facts.facts(_facts(row)))


def _measures(row: DayRow) -> list[Measure]:
    return [
        Measure(
            t("Chez l'opérateur"),
            amount(row.theirs),
            counted(row.theirs_count, t("{count} ligne"), t("{count} lignes")),
        ),
        Measure(
            t("Chez nous"),
            amount(row.ours),
            counted(row.ours_count, t("{count} transfert"), t("{count} transferts")),
        ),
        Measure(t("Rapprochées"), figure(count(row.matched_count))),
        Measure(t("À régler"), figure(count(row.open_items), tone=Tone.RED if row.open_items else None)),
    ]


def _facts(row: DayRow) -> list[facts.Fact]:
    lines: list[facts.Fact] = [
        (t("Compte"), tag("code", row.account_code, class_="code-inline")),
        (t("Source"), t(SOURCES[row.source])),
        (t("Comparé le"), moment(row.ended_at) if row.ended_at else "–"),
    ]
    if row.closed_at:
        lines += [(t("Clos le"), moment(row.closed_at)), (t("Par"), row.closed_by)]
    if row.seal_id is not None:
        lines.append((t("Sceau"), tag("code", f"{row.seal_id} · {row.seal_sha256[:16]}", class_="code-inline")))
    return [(label, value) for label, value in lines if value]


def _draw_item(row: DayRow, item: ItemRow) -> None:
    with ui.element("div").classes("line"):
        show(_words(item), classes="line-words")
        if item.resolved_at is None and row.state != "closed" and shell.visitor().may(Permission.PAYMENTS_ACT):
            buttons.secondary(t("Régler"), lambda: _ask(row, item))


def _words(item: ItemRow) -> Markup:
    sides = " · ".join(
        part
        for part in (
            t("nous : {amount}").format(amount=money(item.ours)) if item.ours else "",
            t("eux : {amount}").format(amount=money(item.theirs)) if item.theirs else "",
            item.party,
            moment(item.at) if item.at else "",
        )
        if part
    )
    name = item.transfer_reference or item.provider_ref or item.subject
    link = tag("a", name, href=f"/paiements/transferts/{item.transfer_id}", class_="link") if item.transfer_id else name
    settled = None
    if item.resolved_at:
        word = t("retrouvé plus tard") if item.resolution == "later" else item.resolution
        settled = tag("span", t("Réglé : {word}").format(word=word), class_="line-detail")
    return join(
        tag("span", chips.chip(KINDS[item.kind]), " ", link, class_="line-title"),
        tag("span", sides, class_="line-detail"),
        settled,
    )


async def _ask(row: DayRow, item: ItemRow) -> None:
    """Open the dialog that closes a difference with a word."""
    likely = await shell.read(reconciliation.list_suggestions, item.id) or []
    has_fee = item.kind == "fee_differs"
    with dialogs.dialog(t(KINDS[item.kind].word)) as dialog:
        show(_words(item))
        for one in likely:
            words = t("Ressemble à {reference}, {amount}, {party}").format(
                reference=one.reference, amount=money(one.amount), party=one.party
            )
            show(tag("a", words, href=f"/paiements/transferts/{one.transfer_id}", class_="link"))
        word = fields.long_text(t("Pourquoi cet écart est réglé"), hint=t("Il reste dans la piste d'audit."))
        posts = fields.checkbox(t("Comptabiliser la différence de frais"), is_on=True) if has_fee else None
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Régler l'écart"))

    async def settle() -> None:
        order = ResolveItem(item_id=item.id, resolution=str(word.value or ""), posts_fee=bool(posts and posts.value))
        refusal = await shell.attempt(reconciliation.resolve, order)
        if refusal is not None:
            fields.show_error(word, shell.sentence_of(refusal))
            return
        dialog.close()
        toasts.done(t("Écart réglé."))
        ui.navigate.to(f"{PATH}/{row.run_id}")

    button.on_click(settle)
    dialog.open()


def _close(row: DayRow) -> None:
    """Ask once more, then close the day for good."""
    with dialogs.dialog(t("Clôturer le jour")) as dialog:
        show(
            facts.prose(
                t("Le {day} de {account} sera clos et signé par le sceau du grand livre. Il ne s'ouvrira plus.").format(
                    day=day_text(row.day, page_language()), account=row.account_label
                )
            )
        )
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Clôturer le jour"), icon="lock")

    async def close() -> None:
        refusal = await shell.attempt(reconciliation.close_day, row.run_id)
        dialog.close()
        if refusal is not None:
            toasts.refused(shell.sentence_of(refusal))
            return
        toasts.done(t("Jour clos."))
        ui.navigate.to(f"{PATH}/{row.run_id}")

    button.on_click(close)
    dialog.open()


async def _print(row: DayRow) -> None:
    paper: bytes | None = await shell.read(reconciliation.print_day, row.run_id)
    if paper is not None:
        ui.download.content(paper, f"rapprochement-{row.account_code}-{row.day:%Y-%m-%d}.pdf", "application/pdf")
