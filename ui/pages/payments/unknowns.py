"""`/paiements/inconnus`: what nobody knows, the oldest first, and the cases; nothing can be dismissed."""

from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from core import clock
from core.permissions import Permission
from services import approvals, unknowns
from services.unknowns import CaseRow, CaseSearch, QueueCounts, QueueSearch, UnknownRow
from ui import live, shell
from ui.components import cards, chips, decisions, layout, tables
from ui.components.tables import Answer, Ask, Column
from ui.components.tabs import Tab, tabs
from ui.labels import NO_BREAK, count, money, t
from ui.pages.payments import closing, words
from ui.pages.payments.shown import span, until

REFRESH_S = 2.0
UNKNOWN, LATE, CONTRADICTION, OTHERS = "unknown", "late_money", "contradiction", "others"
OTHER_KINDS = ("mismatch", "unasked_money", "unknown_word")
KINDS = frozenset({"settle_unknown", "close_case", "transfer_refund"})


@shell.screen("/paiements/inconnus", title="Inconnus", needs=Permission.PAYMENTS_READ)
async def queue(onglet: str = UNKNOWN) -> None:
    """Draw what two must decide, then the tabs; `onglet` opens one."""
    layout.title(
        t("Inconnus"),
        t("L'opérateur est interrogé sans rien renvoyer. Rien ne se retire d'ici : une réponse ou une preuve règle."),
    )
    asked = layout.stack()
    counts = await shell.read(unknowns.count_queue)
    if counts is None:
        return
    chosen = onglet if onglet in {UNKNOWN, LATE, CONTRADICTION, OTHERS} else UNKNOWN
    table: list[tables.Table] = []

    def open_tab(name: str) -> None:
        place.clear()
        with place:
            table[:] = [_unknown_table() if name == UNKNOWN else _case_table(name, refresh)]

    async def refresh() -> None:
        await _draw_asked(asked, refresh)
        await table[0].load()

    with cards.card(is_flush=True):
        tabs(_tabs(counts), open_tab, value=chosen)
        place = ui.element("div")
    open_tab(chosen)
    await _draw_asked(asked, refresh)
    live.hub.subscribe(["transfers"], lambda _: refresh(), every_s=REFRESH_S)


async def _draw_asked(place: ui.element, then: decisions.Then) -> None:
    waiting = await shell.read(approvals.list_waiting, kinds=KINDS) or []
    if place.is_deleted:
        return
    place.clear()
    place.set_visibility(bool(waiting))
    with place:
        decisions.card(waiting, then)


def _tabs(counts: QueueCounts) -> list[Tab]:
    others = sum(counts.cases.get(kind, 0) for kind in OTHER_KINDS)
    return [
        Tab(UNKNOWN, t("Sort inconnu"), count(counts.unknown)),
        Tab(LATE, t("Argent tardif"), count(counts.cases.get(LATE, 0))),
        Tab(CONTRADICTION, t("Contradictions"), count(counts.cases.get(CONTRADICTION, 0))),
        Tab(OTHERS, t("Autres écarts"), count(others)),
    ]


# Unknown transfers


def _unknown_table() -> tables.Table:
    return tables.Table(
        "payments-unknowns",
        [
            Column("reference", t("Référence"), "name"),
            Column("age", t("Âge")),
            Column("purpose", t("Objet"), is_on_phone=False, is_on_tablet=False),
            Column("account", t("Compte"), is_on_phone=False),
            Column("party", t("Personne"), is_on_phone=False, is_shown=False),
            Column("amount", t("Montant"), "amount", is_on_phone=False),
            Column("reads", t("Lectures"), "number", is_on_phone=False, is_on_tablet=False),
            Column("next", t("Prochaine"), is_on_phone=False),
            Column("allows", t("L'opérateur permet"), is_on_phone=False, is_on_tablet=False),
            Column("step", t("Suite"), "chip", is_on_phone=False),
        ],
        _unknowns,
        empty=t("Aucun transfert au sort inconnu. C'est ce qu'on veut."),
    )


async def _unknowns(ask: Ask) -> Answer | None:
    found = await shell.read(unknowns.list_unknowns, QueueSearch(skip=ask.offset, limit=ask.limit))
    return None if found is None else Answer([_unknown_row(row) for row in found[0]], found[1])


def _unknown_row(row: UnknownRow) -> tables.Row:
    amount = money(-row.amount if row.direction in words.LEAVING else row.amount)
    return tables.row(
        str(row.id),
        {
            "reference": words.short(row.reference),
            "age": age(row),
            "purpose": words.purpose(row.purpose),
            "account": row.account_label,
            "party": row.party,
            "reads": count(row.reads),
            "next": until(row.next_read_at) if row.next_read_at else "",
            "allows": allows(row),
            "step": chips.cell(words.unknown_step(row)),
            "amount": amount,
        },
        href=f"{words.SECTION}/transferts/{row.id}",
        phone_under=f"{amount} · {row.account_label}",
    )


def age(row: UnknownRow | CaseRow) -> str:
    """Return how long something has waited."""
    return span((clock.now() - row.created_at).total_seconds())


def allows(row: UnknownRow) -> str:
    """Return, in a few words, what can end it besides an answer."""
    found = [t("absence = preuve") if row.not_seen_is_proof else "", t("liste") if row.has_list else ""]
    return ", ".join(one for one in found if one) or t("un écrit seul")


# Cases


def _case_table(kind: str, then: decisions.Then) -> tables.Table:
    return tables.Table(
        "payments-cases",
        [
            Column("what", t("Dossier"), "name"),
            Column("age", t("Âge")),
            Column("account", t("Compte"), is_on_phone=False),
            Column("transfer", t("Transfert"), is_on_phone=False, is_on_tablet=False),
            Column("reference", t("Référence de l'opérateur"), "code", is_on_phone=False),
            Column("step", t("Suite"), "chip", is_on_phone=False),
            Column("amount", t("Montant"), "amount"),
        ],
        partial(_cases, kind),
        empty=t("Aucun dossier ouvert."),
        on_open=lambda key: closing.open_case(UUID(key), then),
    )


async def _cases(kind: str, ask: Ask) -> Answer | None:
    if kind != OTHERS:
        search = CaseSearch.model_validate({"kind": kind, "skip": ask.offset, "limit": ask.limit})
        found = await shell.read(unknowns.list_cases, search)
        return None if found is None else Answer([_case_row(row) for row in found[0]], found[1])
    rows: list[CaseRow] = []
    for other in OTHER_KINDS:
        more: Any = await shell.read(unknowns.list_cases, CaseSearch.model_validate({"kind": other, "limit": 200}))
        rows += more[0] if more else []
    rows.sort(key=lambda row: row.created_at)
    return Answer([_case_row(row) for row in rows[ask.offset : ask.offset + ask.limit]], len(rows))


def _case_row(row: CaseRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "what": words.case(row.kind),
            "age": age(row),
            "account": row.account_label,
            "transfer": words.short(row.transfer_reference) if row.transfer_reference else "",
            "reference": row.provider_ref,
            "step": chips.cell(words.case_step(row)),
            "amount": money(row.amount) if row.amount else "",
        },
        phone_under=f"{row.account_label}{NO_BREAK}· {row.provider_ref}",
    )
