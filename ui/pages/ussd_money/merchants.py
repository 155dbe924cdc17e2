"""`/ussd-console/marchands`: who takes money for things or gives bank notes for it, and behind which code."""

from core.errors import Refusal
from core.permissions import Permission
from core.settings import get_settings
from services import approvals, merchants
from services.merchants import CreateMerchant, MerchantRow
from ui import forms, live, shell
from ui.components import buttons, cards, chips, decisions, dialogs, fields, layout, tables, toasts
from ui.components.facts import prose
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import day, money, t
from ui.markup import show
from ui.pages.ussd_money import words


@shell.screen(words.MERCHANTS, title="Marchands et agents", needs=Permission.USSD_READ)
async def page() -> None:
    """Draw what waits for a second person, then everybody."""
    await _Page().begin()


class _Page:
    def __init__(self) -> None:
        may_write = shell.visitor().may(Permission.USSD_MERCHANTS_WRITE)
        subtitle = t("Un code de six chiffres, une personne payée sur son portefeuille.")
        with layout.page_head(t("Marchands et agents"), subtitle, crumbs=[("USSD", words.SECTION)]):
            if may_write:
                buttons.primary(t("Ouvrir un point de vente"), lambda: ask(self.refresh), icon="add")
        self._waiting = layout.stack()
        with cards.card(is_flush=True):
            self._table = tables.Table(
                "ussd-merchants",
                [
                    Column("name", t("Point de vente"), "name"),
                    Column("code", t("Code"), "code", is_on_phone=False),
                    Column("role", t("Rôle"), is_on_phone=False),
                    Column("owner", t("Payé à"), is_on_phone=False, is_on_tablet=False),
                    Column("state", t("État"), "chip"),
                    Column("float", t("Caisse"), "amount"),
                    Column("since", t("Depuis"), "time", is_on_phone=False, is_shown=False),
                ],
                _source,
                search=t("Code, nom ou numéro"),
                choices=[
                    Filter("role", t("Rôle"), {code: t(word) for code, word in words.ROLES.items()}),
                    Filter("state", t("État"), {code: t(sign.word) for code, sign in words.MERCHANT_STATES.items()}),
                ],
                empty=t("Aucun point de vente. Le premier ouvert paraîtra ici, avec son code."),
            )
        live.hub.subscribe(["ledger"], lambda _: self._table.load())

    async def begin(self) -> None:
        """Draw what waits; the table loads by itself."""
        waiting = await shell.read(approvals.list_waiting, kinds=merchants.KINDS)
        self._waiting.clear()
        self._waiting.set_visibility(bool(waiting))
        with self._waiting:
            decisions.card(waiting or (), self.refresh)

    async def refresh(self) -> None:
        await self.begin()
        await self._table.load()


async def _source(asked: Ask) -> Answer | None:
    chosen = {name: asked.filters.get(name, "") for name in ("role", "state")}
    rows = await shell.read(
        merchants.list_merchants, search=asked.search, limit=asked.limit, offset=asked.offset, **chosen
    )
    total = await shell.read(merchants.count_merchants, search=asked.search, **chosen)
    return None if rows is None or total is None else Answer([_row(row) for row in rows], total)


def _row(row: MerchantRow) -> tables.Row:
    return tables.row(
        row.code,
        {
            "name": row.name,
            "code": row.code,
            "role": words.role(row.role),
            "owner": f"{row.owner_name} {row.owner_phone}",
            "state": chips.cell(words.MERCHANT_STATES[row.state]),
            "float": money(row.float_),
            "since": day(row.created_at),
        },
        href=f"{words.MERCHANTS}/{row.code}",
        phone_under=f"{row.code} · {words.role(row.role)}",
    )


def ask(then: decisions.Then) -> None:
    """Open the dialog that opens a point of sale; a second person decides."""
    with dialogs.dialog(t("Ouvrir un point de vente")) as dialog, fields.form():
        show(prose(t("Le code est tiré au hasard et ne servira jamais à un autre. Une deuxième personne approuve.")))
        name = fields.text(t("Nom"), hint=t("20 caractères au plus : c'est ce que le client voit."))
        name.props("autofocus")
        phone = fields.text(t("Numéro du titulaire"), kind="tel", hint=t("Il doit avoir un portefeuille actif."))
        role = fields.choice(t("Rôle"), {code: t(word) for code, word in words.ROLES.items()}, value="agent")
        reason = fields.long_text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Demander l'ouverture"))
    boxes: forms.Boxes = {"name": name, "phone": phone, "role": role, "reason": reason}

    async def run() -> None:
        order = forms.fill(
            CreateMerchant,
            boxes,
            name=forms.written(name),
            phone=forms.written(phone),
            role=role.value,
            country=get_settings().ussd_country,
            reason=forms.written(reason),
        )
        if order is None:
            return
        button.disable()
        made = await shell.attempt(merchants.create_merchant, order)
        button.enable()
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        toasts.done(t("Code {code} réservé. Une autre personne doit approuver.").format(code=made.code))
        dialog.close()
        await then()

    button.on_click(run)
    dialog.open()
