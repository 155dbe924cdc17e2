"""The bounds of each level: a table, and a dialog that asks a second person for others."""

from datetime import timedelta

from core.clock import now
from core.errors import Refusal
from core.money import Currency, InvalidAmount, Money
from core.permissions import Permission
from models.wallets import WalletLevel
from services import limits
from services.limits import LimitChange, LimitRow, RequestLimit
from ui import forms, shell
from ui.components import buttons, cards, dialogs, fields, toasts
from ui.components.decisions import Then
from ui.components.facts import prose
from ui.labels import moment, t
from ui.markup import Markup, show, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd_money import words

EVERY = ""
SOON = timedelta(seconds=1)


async def draw(currency: Currency, then: Then) -> None:
    """Draw one table a level."""
    rows = await shell.read(limits.list_limits, currency) or []
    may_write = shell.visitor().may(Permission.USSD_TARIFFS_WRITE)
    for level in WalletLevel:
        mine = [row for row in rows if row.level == level and (row.is_in_force or row.valid_to is None)]
        with cards.titled(words.level(level), is_flush=True, is_ruled=True):
            show(_table(mine), classes="entries")
            if may_write:
                with cards.foot():
                    buttons.quiet(
                        t("Changer un plafond"),
                        lambda level=level, mine=mine: ask(level, currency, mine, then),
                        icon="edit",
                    )


def _table(rows: list[LimitRow]) -> Markup:
    columns = (t("Minimum"), t("Maximum"), t("Par jour"), t("Sur 30 jours"), t("Solde au plus"))
    head = tag(
        "tr",
        tag("th", t("Opération"), scope="col"),
        *(tag("th", word, scope="col", class_=_place(index)) for index, word in enumerate(columns)),
    )
    return tag("table", tag("thead", head), tag("tbody", *map(_line, rows)), class_="plain-table")


def _line(row: LimitRow) -> Markup:
    name = ussd_words.kind(row.type) if row.type else t("Toute autre opération")
    if not row.is_in_force:
        name = t("{name}, à partir du {moment}").format(name=name, moment=moment(row.valid_from))
    figures = (row.min_minor, row.max_minor, row.day_minor, row.month_minor, row.balance_max_minor)
    return tag(
        "tr",
        tag("td", name),
        *(tag("td", words.amount(figure, row.currency), class_=_place(index)) for index, figure in enumerate(figures)),
    )


def _place(index: int) -> str:
    return "number" if index < len(("least", "most")) else "number wide-only"


def ask(level: WalletLevel, currency: Currency, rows: list[LimitRow], then: Then) -> None:
    """Open the dialog, filled with what holds now; nothing changes before another person has agreed."""
    known = {row.type or EVERY: row for row in rows if row.is_in_force}
    with dialogs.dialog(t("Changer un plafond")) as dialog, fields.form():
        show(prose(t("Une deuxième personne doit être d'accord. D'ici là, rien ne change.")))
        kind = fields.choice(t("Opération"), {EVERY: t("Toute autre opération"), **ussd_words.kinds()}, value=EVERY)
        boxes = {
            "min_minor": fields.text(t("Minimum")),
            "max_minor": fields.text(t("Maximum")),
            "day_minor": fields.text(t("Par jour"), hint=t("Vide : sans plafond.")),
            "month_minor": fields.text(t("Sur 30 jours"), hint=t("Vide : sans plafond.")),
            "balance_max_minor": fields.text(t("Solde au plus"), hint=t("Vide : sans plafond.")),
        }
        for box in boxes.values():
            box.props("inputmode=decimal")
        reason = fields.long_text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Demander le changement"))

    def fill() -> None:
        row = known.get(str(kind.value or EVERY)) or known.get(EVERY)
        for name, box in boxes.items():
            minor = getattr(row, name) if row else None
            is_general = name in {"min_minor", "max_minor"} or kind.value == EVERY
            box.value = Money(minor, currency).plain if minor is not None and is_general else ""

    async def run() -> None:
        values = {name: _minor(box, currency) for name, box in boxes.items()}
        if InvalidAmount in values.values():
            return
        change = forms.fill(
            LimitChange,
            boxes,
            level=level,
            type=kind.value or None,
            currency=currency,
            valid_from=now() + SOON,
            **values,
        )
        order = change and forms.fill(RequestLimit, {"reason": reason}, change=change, reason=forms.written(reason))
        if not order:
            return
        asked = await shell.attempt(limits.request_limit, order)
        if isinstance(asked, Refusal):
            forms.say(asked, boxes)
            return
        toasts.done(t("Demandé. Une autre personne doit approuver."))
        dialog.close()
        await then()

    fill()
    kind.on_value_change(fill)
    button.on_click(run)
    dialog.open()


def _minor(box: forms.Box, currency: Currency) -> int | type[InvalidAmount] | None:
    """Read an amount; a wrong one is said under its field."""
    fields.show_error(box, None)
    text = forms.written(box).replace(",", ".").replace(" ", "")
    if not text:
        return None
    try:
        return Money.parse(text, currency).minor
    except InvalidAmount as refusal:
        fields.show_error(box, shell.sentence_of(refusal))
        return InvalidAmount
