"""`/ussd-console/operations`: every money operation, what nobody knows first, who sent twice, who was held back."""

from nicegui import ui

from core.permissions import Permission
from services import approvals, limits, subscribers, wallets
from services.limits import RefusalRow
from services.operation_reversals import REVERSAL
from services.subscribers import OperationRow, locks
from services.subscribers.locks import LockRow
from ui import live, shell
from ui.components import cards, chips, decisions, layout, tables, tabs
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import Sign, State, Tone, count, moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd_money import cases, repeats, words

UNKNOWN_MOST = 20
HELD = Sign("speed", "Retenu", Tone.OCHRE)
WAITS_FOR_US = Sign("lock", "Attend un opérateur", Tone.RED)


@shell.screen(words.OPERATIONS, title="Opérations", needs=Permission.SUBSCRIBERS_READ)
async def page() -> None:
    """Draw what waits and what is unknown, then the lists."""
    drawn = _Page()
    await drawn.begin()
    live.hub.subscribe(["ledger", "transfers"], lambda _: drawn.refresh())


class _Page:
    def __init__(self) -> None:
        layout.title(
            t("Opérations"),
            t("L'argent déplacé par les menus. Ce dont personne ne sait le sort vient d'abord."),
            crumbs=[("USSD", words.SECTION)],
        )
        self._waiting = layout.stack()
        self._tabs = layout.stack()
        self._place = ui.element("div").classes("stack")
        self._table: tables.Table | None = None

    async def begin(self) -> None:
        """Draw the tabs with what is behind each."""
        repeats = await shell.read(subscribers.count_operations, are_repeats=True)
        held = await shell.read(limits.count_refusals)
        locked = await shell.read(locks.count_locks)
        with self._tabs:
            choices = [
                tabs.Tab("all", t("Toutes")),
                tabs.Tab("repeats", t("Envoyées deux fois"), count(repeats or 0)),
                tabs.Tab("held", t("Retenus"), count(held or 0)),
                tabs.Tab("locks", t("Codes bloqués"), count(locked or 0)),
            ]
            tabs.tabs(choices, self._draw)
        self._draw("all")
        await self._draw_waiting()

    async def refresh(self) -> None:
        """Read again what is shown."""
        await self._draw_waiting()
        if self._table is not None:
            await self._table.load()

    async def _draw_waiting(self) -> None:
        waiting = await shell.read(approvals.list_waiting, kinds=frozenset({REVERSAL.name}))
        unknown = await shell.read(subscribers.list_operations, state="unknown", limit=UNKNOWN_MOST)
        number = await shell.read(subscribers.count_operations, state="unknown")
        found = await shell.read(wallets.list_wallet_cases)
        self._waiting.clear()
        self._waiting.set_visibility(bool(waiting or unknown or found))
        with self._waiting:
            decisions.card(waiting or (), self.refresh)
            cases.card(found or (), self.refresh)
            if unknown:
                with cards.titled(t("Sort inconnu"), count=count(number or 0), is_flush=True, is_ruled=True):
                    show(join(*map(_unknown, unknown)))
                    if shell.visitor().may(Permission.PAYMENTS_READ):
                        cards.foot_link(t("Régler chez l'opérateur"), "/paiements/inconnus")

    def _draw(self, name: str) -> None:
        self._place.clear()
        draw = {"all": _all, "repeats": _repeats, "held": _held, "locks": _locks}[name]
        with self._place, cards.card(is_flush=True):
            self._table = draw()
        if name == "repeats":
            with self._place, cards.titled(t("Redemandé avant d'envoyer"), is_flush=True, is_ruled=True):
                repeats.answers()


def _unknown(row: OperationRow) -> Markup:
    people = f"{row.payer_name} → {row.payee_name}" if row.payee_name else row.payer_name
    said = f"{moment(row.created_at)} · {people}"
    title = f"{row.reference} · {ussd_words.kind(row.type)}"
    return tag(
        "a",
        tag(
            "span",
            tag("span", title, chips.chip(State.UNKNOWN), class_="line-title"),
            tag("span", said, class_="line-detail"),
            class_="line-words",
        ),
        tag("span", money(row.amount), class_="figure-number"),
        href=f"{words.OPERATIONS}/{row.id}",
        class_="line line-link",
    )


def _columns() -> list[Column]:
    return [
        Column("reference", t("Référence"), "name"),
        Column("kind", t("Genre"), is_on_phone=False),
        Column("payer", t("Payeur"), is_on_phone=False),
        Column("payee", t("Bénéficiaire"), is_on_phone=False, is_on_tablet=False),
        Column("state", t("État"), "chip"),
        Column("amount", t("Montant"), "amount"),
        Column("fee", t("Frais"), "amount", is_on_phone=False, is_shown=False),
        Column("at", t("Le"), "time", is_on_phone=False),
    ]


def _all() -> tables.Table:
    async def source(ask: Ask) -> Answer | None:
        kind, state = ask.filters.get("kind", ""), ask.filters.get("state", "")
        rows = await shell.read(
            subscribers.list_operations,
            reference=ask.search,
            kind=kind,
            state=state,
            limit=ask.limit,
            offset=ask.offset,
        )
        total = await shell.read(subscribers.count_operations, reference=ask.search, kind=kind, state=state)
        return None if rows is None or total is None else Answer([_row(row) for row in rows], total)

    states = {code: t(state.value.word) for code, state in ussd_words.OPERATION_STATES.items()}
    return tables.Table(
        "ussd-operations",
        _columns(),
        source,
        search=t("Référence exacte"),
        choices=[Filter("kind", t("Genre"), ussd_words.kinds()), Filter("state", t("État"), states)],
        empty=t("Aucune opération. La première faite au téléphone paraîtra ici."),
    )


def _repeats() -> tables.Table:
    async def source(ask: Ask) -> Answer | None:
        rows = await shell.read(subscribers.list_operations, are_repeats=True, limit=ask.limit, offset=ask.offset)
        total = await shell.read(subscribers.count_operations, are_repeats=True)
        return None if rows is None or total is None else Answer([_row(row) for row in rows], total)

    empty = t("Personne n'a confirmé un second envoi du même montant à la même personne.")
    return tables.Table("ussd-repeats", _columns(), source, empty=empty)


def _row(row: OperationRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "reference": row.reference,
            "kind": ussd_words.kind(row.type),
            "payer": row.payer_name or row.payer_phone,
            "payee": row.payee_name or row.payee_phone,
            "state": chips.cell(ussd_words.OPERATION_STATES[row.state]),
            "amount": money(row.amount),
            "fee": money(row.fee),
            "at": moment(row.created_at),
        },
        href=f"{words.OPERATIONS}/{row.id}",
        phone_under=f"{ussd_words.kind(row.type)} · {moment(row.created_at)}",
    )


def _held() -> tables.Table:
    async def source(ask: Ask) -> Answer | None:
        rows = await shell.read(limits.list_refusals, limit=ask.limit, offset=ask.offset)
        total = await shell.read(limits.count_refusals)
        return None if rows is None or total is None else Answer([_held_row(row) for row in rows], total)

    return tables.Table(
        "ussd-held",
        [
            Column("who", t("Qui"), "name"),
            Column("rule", t("Cadence"), is_on_phone=False),
            Column("state", t("État"), "chip", is_on_phone=False),
            Column("times", t("Refus"), "number"),
            Column("at", t("Le dernier"), "time", is_on_phone=False),
        ],
        source,
        empty=t("Personne n'a été retenu ces 7 derniers jours."),
    )


def _held_row(row: RefusalRow) -> tables.Row:
    rate = f"{words.rule(row.rule)} {words.window(row.window_s)}"
    return tables.row(
        str(row.id),
        {
            "who": row.name or row.phone or t("Inconnu"),
            "rule": rate,
            "state": chips.cell(HELD),
            "times": count(row.refusals),
            "at": moment(row.last_at),
        },
        href=f"{words.SECTION}/abonnes/{row.user_id}" if row.user_id else "",
        phone_under=f"{rate} · {moment(row.last_at)}",
    )


def _locks() -> tables.Table:
    async def source(ask: Ask) -> Answer | None:
        rows = await shell.read(locks.list_locks, limit=ask.limit, offset=ask.offset)
        total = await shell.read(locks.count_locks)
        return None if rows is None or total is None else Answer([_lock_row(row) for row in rows], total)

    return tables.Table(
        "ussd-locks",
        [
            Column("who", t("Qui"), "name"),
            Column("phone", t("Numéro"), is_on_phone=False),
            Column("state", t("État"), "chip"),
            Column("locks", t("Blocages"), "number", is_on_phone=False),
            Column("until", t("Jusqu'au"), "time"),
        ],
        source,
        empty=t("Aucun code n'est bloqué."),
    )


def _lock_row(row: LockRow) -> tables.Row:
    return tables.row(
        str(row.user_id),
        {
            "who": row.name or row.phone,
            "phone": row.phone,
            "state": chips.cell(WAITS_FOR_US if row.needs_operator else State.LOCKED),
            "locks": count(row.locks),
            "until": "\N{EN DASH}" if row.needs_operator else moment(row.locked_until),
        },
        href=f"{words.SECTION}/abonnes/{row.user_id}",
    )
