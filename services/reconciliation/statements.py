"""A provider's statement, brought by a person: columns named once per account, previewed, taken once and whole.

CSV in any usual encoding and separator, or XLSX.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, DecimalException
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
from sqlmodel import col, select

from core.database import Session
from core.errors import NotFound
from core.formats import day_on_phone
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.zones import zone_of
from models.reconciliation import ProviderStatement
from models.transfers import ProviderAccount
from providers.answers import Line, SeenState
from services import audit
from services.reconciliation.comparing import compare
from services.reconciliation.days import end_run, open_run
from services.reconciliation.fetching import save_lines
from services.reconciliation.refusals import ColumnsMissing, LinesWrong, StatementKnown, StatementUnreadable
from services.sheets import UnreadableSheetError, read_sheet

FIRST_YEAR, LAST_YEAR = 2000, 2099
LONGEST_REFERENCE = 200
MOST_PROBLEMS = 50
SAMPLE_LINES = 8

NEEDED = ("date", "amount")
FIELDS = (*NEEDED, "provider_ref", "our_reference", "direction", "fee", "party", "state")

_DATES = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%d/%m/%Y %H:%M:%S")
_FRENCH_DATES = ("%d/%m/%Y %H:%M", "%d/%m/%Y", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y")
_SPACES = str.maketrans("", "", " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'")

DIRECTIONS = {
    **dict.fromkeys(
        ("collect", "credit", "crédit", "cr", "encaissement", "entrée", "in", "merchant_payment"), "collect"
    ),
    **dict.fromkeys(("payout", "debit", "débit", "dr", "décaissement", "sortie", "out", "cashin", "cash_in"), "payout"),
    **dict.fromkeys(("refund", "remboursement"), "refund"),
    **dict.fromkeys(("reversal", "annulation", "extourne"), "reversal"),
}
STATES = {
    **dict.fromkeys(("", "success", "successful", "succeeded", "completed", "réussi", "succès"), SeenState.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "rejected", "échec", "échoué", "cancelled", "annulé"), SeenState.FAILED),
    **dict.fromkeys(("pending", "en cours", "initiated"), SeenState.PENDING),
}


class ImportStatement(Order):
    """One file; `columns` maps our fields to its headers and is kept for the account's next file."""

    account_id: UUID
    file_name: str
    content: bytes
    columns: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be read: its number in the file (the header is 1), the column, what stands there."""

    line: int
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the file would bring, before anything is kept."""

    headers: tuple[str, ...]
    columns: Mapping[str, str]
    sample: tuple[tuple[str, ...], ...]
    lines: int
    days: tuple[date, ...]
    problems: tuple[Problem, ...]
    imported_at: datetime | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken: lines, days, and the differences the comparison found."""

    lines: int
    days: tuple[date, ...]
    new_items: int


def preview_statement(session: Session, actor: Actor, order: ImportStatement) -> Preview:
    """Read the file and say what it holds and which lines are wrong; nothing is kept."""
    actor.require(Permission.PAYMENTS_ACT)
    account = _account(session, order.account_id)
    table = _read(order)
    columns = _columns(account, order, table.columns)
    known = _known(session, order)
    sample = tuple(tuple(row) for row in table.head(SAMPLE_LINES).rows())
    if any(field not in columns for field in NEEDED):
        return Preview(tuple(table.columns), columns, sample, table.height, (), (), known.created_at if known else None)
    lines, problems = _parse(table, columns, account)
    days = tuple(sorted({_day(line, account) for line in lines}))
    return Preview(
        tuple(table.columns), columns, sample, len(lines), days, problems, known.created_at if known else None
    )


def import_statement(session: Session, actor: Actor, order: ImportStatement) -> Imported:
    """Take a whole file into the days it speaks of and compare them; refuse one with a wrong line, or a known one."""
    actor.require(Permission.PAYMENTS_ACT)
    account = _account(session, order.account_id)
    known = _known(session, order)
    if known is not None:
        raise StatementKnown(date=day_on_phone(known.created_at.date()))
    table = _read(order)
    columns = _columns(account, order, table.columns)
    missing = [field for field in NEEDED if field not in columns]
    if missing:
        raise ColumnsMissing(columns=", ".join(missing))
    lines, problems = _parse(table, columns, account)
    if problems or not lines:
        raise LinesWrong(count=len(problems), line=problems[0].line if problems else 2)
    by_day: dict[date, list[Line]] = {}
    for line in lines:
        by_day.setdefault(_day(line, account), []).append(line)
    statement = ProviderStatement(
        account_id=account.id,
        file_name=order.file_name,
        sha256=_digest(order.content),
        lines=len(lines),
        first_day=min(by_day),
        last_day=max(by_day),
        imported_by=actor.user_id,
    )
    session.add(statement)
    account.settings = account.settings | {"statement_columns": dict(columns)}
    session.flush()
    new_items = 0
    for day in sorted(by_day):
        run = open_run(session, account.id, day, "statement")
        run.statement_id = statement.id
        save_lines(session, run.id, account.id, by_day[day])
        new_items += compare(session, run).new
        end_run(session, run)
    audit.record(
        session,
        actor,
        "reconciliation.import",
        "provider_statement",
        str(statement.id),
        summary=f"{account.code} {order.file_name}",
        changes={"lines": len(lines), "days": len(by_day)},
    )
    return Imported(len(lines), tuple(sorted(by_day)), new_items)


def _account(session: Session, account_id: UUID) -> ProviderAccount:
    account = session.get(ProviderAccount, account_id, with_for_update={"key_share": True}, populate_existing=True)
    if account is None:
        raise NotFound(thing="provider_account")
    return account


def _known(session: Session, order: ImportStatement) -> ProviderStatement | None:
    return session.exec(
        select(ProviderStatement).where(
            col(ProviderStatement.account_id) == order.account_id,
            col(ProviderStatement.sha256) == _digest(order.content),
        )
    ).first()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _read(order: ImportStatement) -> pl.DataFrame:
    """Return the file as a table of texts."""
    try:
        return read_sheet(order.content)
    except UnreadableSheetError as error:
        raise StatementUnreadable(detail=str(error)) from error


def _columns(account: ProviderAccount, order: ImportStatement, headers: Sequence[str]) -> dict[str, str]:
    """Return the mapping given now, else the account's last one, else headers that bear our own names."""
    wanted = order.columns or account.settings.get("statement_columns") or {field: field for field in FIELDS}
    by_name = {header.strip().lower(): header for header in headers}
    return {
        field: by_name[header.strip().lower()]
        for field, header in wanted.items()
        if field in FIELDS and header.strip().lower() in by_name
    }


def _parse(
    table: pl.DataFrame, columns: Mapping[str, str], account: ProviderAccount
) -> tuple[list[Line], tuple[Problem, ...]]:
    lines: list[Line] = []
    problems: list[Problem] = []
    place = ZoneInfo(zone_of(account.country))
    currency = Currency(account.currency)
    seen: Counter[str] = Counter()
    named = {field: table[header].to_list() for field, header in columns.items()}
    for index in range(table.height):
        row = {field: values[index] for field, values in named.items()}
        try:
            line = _line(row, index, currency, place)
            seen[line.line_key] += 1
            # A payment and its reversal may bear one reference: none of the lines may be lost.
            key = line.line_key if seen[line.line_key] == 1 else f"{line.line_key}:{seen[line.line_key]}"
            lines.append(replace(line, line_key=key))
        except _WrongValueError as wrong:
            problems.append(Problem(index + 2, columns[wrong.field], row[wrong.field][:60]))
            if len(problems) == MOST_PROBLEMS:
                break
    return lines, tuple(problems)


class _WrongValueError(ValueError):
    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _line(row: Mapping[str, str], index: int, currency: Currency, place: ZoneInfo) -> Line:
    amount = _amount(row["amount"], currency, "amount")
    at = _instant(row["date"], place)
    word = row.get("direction", "").lower()
    if word and word not in DIRECTIONS:
        kind = "other"
    else:
        kind = DIRECTIONS.get(word, "payout" if amount.minor < 0 else "collect")
    state = STATES.get(row.get("state", "").lower())
    if state is None:
        raise _WrongValueError("state")
    fee = _amount(row["fee"], currency, "fee") if row.get("fee") else None
    reference = row.get("provider_ref", "")
    for field in ("provider_ref", "our_reference"):
        if len(row.get(field, "")) > LONGEST_REFERENCE:
            raise _WrongValueError(field)
    return Line(
        line_key=reference or f"{row.get('our_reference', '')}:{row['date']}:{row['amount']}:{index}",
        kind=kind,
        amount=_positive(amount),
        at=at,
        external_id=row.get("our_reference", ""),
        provider_ref=reference,
        state=state,
        provider_state=row.get("state", ""),
        fee=_positive(fee) if fee else None,
        party=row.get("party", ""),
    )


def _amount(text: str, currency: Currency, field: str) -> Money:
    """Read a provider's amount: spaces as thousands, comma or point as decimals, a sign for the direction."""
    plain = text.translate(_SPACES).removesuffix(currency)
    if "," in plain and "." in plain:
        plain = plain.replace(",", "")
    try:
        minor = Decimal(plain.replace(",", ".")) * 10**currency.exponent
    except DecimalException as error:
        raise _WrongValueError(field) from error
    if not minor.is_finite() or minor != minor.to_integral_value() or abs(minor) > 10**15:
        raise _WrongValueError(field)
    return Money(int(minor), currency)


def _positive(amount: Money) -> Money:
    return -amount if amount.minor < 0 else amount


def _instant(text: str, place: ZoneInfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = _french_instant(text)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise _WrongValueError("date")
    return at if at.tzinfo else at.replace(tzinfo=place)


def _french_instant(text: str) -> datetime:
    for form in (*_DATES, *_FRENCH_DATES):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  # the caller gives the zone
        except ValueError:
            continue
    raise _WrongValueError("date")


def _day(line: Line, account: ProviderAccount) -> date:
    return line.at.astimezone(ZoneInfo(zone_of(account.country))).date()
