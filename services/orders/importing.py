"""A file of orders: every wrong row is listed, and a file with one wrong row changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field, ValidationError

from core.database import Session
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from models.offers import OrderStatus
from services import audit
from services.orders.refusals import RowsWrong, SheetUnreadable, StatusUnknown, WrongRow
from services.orders.statuses import find_status
from services.orders.writing import OrderSource, PutOrder, find_fault, write
from services.sheets import UnreadableSheetError, read_sheet

FIRST_LINE = 2  # the head is line 1
MOST_ROWS = 20_000
NEEDED = ("reference", "phone", "status")
# What people call the columns; compared without accents' case and blanks.
HEADS = {
    "reference": ("reference", "référence", "ref", "réf", "commande", "numéro de commande", "numero de commande"),
    "phone": ("phone", "téléphone", "telephone", "tel", "tél", "numéro", "numero", "mobile"),
    "status": ("status", "statut", "état", "etat"),
    "amount": ("amount", "montant"),
    "note": ("note", "remarque", "commentaire"),
}


class ImportOrders(Order):
    """A CSV or XLSX of orders, as it is. `is_told` false sends no SMS, for a file of old orders."""

    file_name: str = Field(max_length=200)
    content: bytes = Field(repr=False)
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file brought."""

    added: int
    changed: int
    same: int

    @property
    def total(self) -> int:
        """Return how many rows the file had."""
        return self.added + self.changed + self.same


@dataclass(frozen=True, slots=True)
class OrdersPreview:
    """What a file holds before anything is kept: how many good rows, and every wrong one."""

    rows: int
    wrong: list[WrongRow] = field(default_factory=list)


def preview_orders(session: Session, actor: Actor, order: ImportOrders) -> OrdersPreview:
    """Read a file and say what would come of it; nothing is kept."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    good, wrong = _read(session, order)
    return OrdersPreview(len(good), wrong)


def import_orders(session: Session, actor: Actor, order: ImportOrders) -> Imported:
    """Take a whole file, or refuse it with `RowsWrong`, which lists every wrong row."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    good, wrong = _read(session, order)
    if wrong:
        raise RowsWrong(wrong)
    # In one order for everybody: two files with the same references never wait for each other.
    written = [
        write(session, actor, one, status, OrderSource.IMPORT)
        for one, status in sorted(good, key=lambda pair: pair[0].reference)
    ]
    added = sum(one.is_new for one in written)
    changed = sum(one.is_changed and not one.is_new for one in written)
    done = Imported(added, changed, len(written) - added - changed)
    figures = {"added": added, "changed": changed, "same": done.same}
    audit.record(session, actor, "order.import", "order_row", "", order.file_name, figures)
    return done


def _read(session: Session, order: ImportOrders) -> tuple[list[tuple[PutOrder, OrderStatus]], list[WrongRow]]:
    try:
        table = read_sheet(order.content)
    except UnreadableSheetError as error:
        raise SheetUnreadable(detail=str(error)) from error
    if table.height > MOST_ROWS:
        raise SheetUnreadable(detail=t("plus de {count} lignes").format(count=MOST_ROWS))
    columns = _columns(table.columns)
    statuses: dict[str, OrderStatus] = {}
    good: list[tuple[PutOrder, OrderStatus]] = []
    wrong: list[WrongRow] = []
    seen: dict[str, int] = {}
    for line, row in enumerate(table.iter_rows(named=True), start=FIRST_LINE):
        if not any(row.values()):
            continue
        given = {name: row[column] for name, column in columns.items()}
        reason, one = _parse(given, is_told=order.is_told)
        if one is not None and one.reference in seen:
            reason = t("référence déjà à la ligne {line}").format(line=seen[one.reference])
        if one is not None and reason is None:
            seen[one.reference] = line
            reason = _resolve(session, one, statuses)
        if reason is not None or one is None:
            wrong.append(WrongRow(line, reason or ""))
        else:
            good.append((one, statuses[one.status.casefold()]))
    return good, wrong


def _columns(heads: list[str]) -> dict[str, str]:
    """Return which column holds what, or refuse a file without one that is needed."""
    by_name = {head.strip().casefold(): head for head in heads}
    found = {name: by_name[word] for name, words in HEADS.items() for word in reversed(words) if word in by_name}
    missing = [name for name in NEEDED if name not in found]
    if missing:
        words = ", ".join(HEADS[name][1] for name in missing)
        raise SheetUnreadable(detail=t("colonnes absentes : {columns}").format(columns=words))
    return found


def _parse(given: Mapping[str, str], *, is_told: bool) -> tuple[str | None, PutOrder | None]:
    try:
        one = PutOrder.model_validate({**given, "is_told": is_told})
    except ValidationError as error:
        return "; ".join(_say(str(fault["loc"][0]), fault) for fault in error.errors(include_input=False)), None
    return find_fault(one), one


def _say(field_name: str, fault: Mapping[str, object]) -> str:
    """Say what is wrong with one cell, in the words of its column."""
    sentences = {
        "reference": t("référence : 3 à 20 lettres, chiffres ou tirets"),
        "phone": t("numéro de téléphone invalide"),
        "status": t("statut absent ou trop long"),
        "amount": t("montant invalide"),
        "note": t("note de plus de 160 caractères"),
    }
    return sentences.get(field_name, str(fault["msg"]))


def _resolve(session: Session, one: PutOrder, statuses: dict[str, OrderStatus]) -> str | None:
    key = one.status.casefold()
    if key not in statuses:
        try:
            statuses[key] = find_status(session, one.status)
        except StatusUnknown as refusal:
            return str(refusal)
    return None
