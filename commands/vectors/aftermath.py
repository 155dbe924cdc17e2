"""What a dialogue left behind: books, rows, messages, requests to operators, and what must be nowhere."""

from collections.abc import Callable, Iterator
from typing import Any

from channels.ussd import recorder
from commands.vectors import outside, remains, surveys, world
from commands.vectors.outside import OPERATORS, Outside
from core import metrics
from core.database import Database, Session, driver
from services import books

Found = tuple[str, Any, Any]


def differences(after: dict[str, Any], database: Database, around: Outside, written: Callable[[], str]) -> list[str]:
    """Compare all that `after` names, and what holds after every dialogue; return each difference."""
    recorder.flush()
    with database.transaction() as session:
        found = [*_money(session, after), *_rows(session, after), *_messages(session, after)]
    found += [*_surveys(database, after), *_requests(database, after, around), *_secrets(database, after, written)]
    return [f"after {name}: {value!r}, {wanted!r}" for name, value, wanted in found if value != wanted]


def _one(session: Session, query: str, *values: Any) -> Any:
    row = driver(session).execute(query.encode(), values or None).fetchone()
    return row[0] if row else None


def _money(session: Session, after: dict[str, Any]) -> Iterator[Found]:
    for phone, wanted in after.get("balances", {}).items():
        yield f"balances {phone}", world.balance(session, phone), wanted
    if "fees" in after:
        total = "select coalesce(sum(ledger_balance(id)), 0)::bigint from ledger_account where kind = 'fee_income'"
        yield "fees", _one(session, total), after["fees"]
    yield "books", [finding.invariant.title for finding in books.list_findings(session) if not finding.holds], []


def _rows(session: Session, after: dict[str, Any]) -> Iterator[Found]:
    for name, table in (("operations", "ussd_operation"), ("turns", "ussd_turn")):
        if name in after:
            yield name, _one(session, f"select count(*) from {table}"), after[name]
    for phone, wanted in after.get("subscribers", {}).items():
        name = _one(session, "select trim(first_name || ' ' || last_name) from users where phone = %s", phone)
        yield f"subscribers {phone}", name, wanted["name"]
        yield f"subscribers {phone}", world.balance(session, phone) if name else None, wanted["balance"]
    for phone, code, is_active in after.get("subscriptions", ()):
        active = _one(
            session,
            "select count(*) from subscription s join catalog_service c on c.id = s.service_id"
            " where s.phone = %s and c.code = %s and s.state = 'active'",
            phone,
            code,
        )
        yield f"subscriptions {phone} {code}", active, int(is_active)


def _messages(session: Session, after: dict[str, Any]) -> Iterator[Found]:
    for sms in after.get("sms", ()):
        rows = driver(session).execute(
            "select coalesce(body, '') || variables::text from message where address = %s and channel = 'sms'",
            (sms["to"],),
        )
        texts = [row[0] for row in rows.fetchall()]
        is_told = any(all(part in text for part in sms["contains"]) for text in texts)
        yield f"sms {sms['to']} {sms['contains']}", is_told, True
        for part in sms.get("absent", ()):
            yield f"sms {sms['to']} ≠ {part!r}", any(part in text for text in texts), False


def _surveys(database: Database, after: dict[str, Any]) -> Iterator[Found]:
    if "survey_answers" in after:
        yield "survey_answers", surveys.answers(database), after["survey_answers"]
    for code, wanted in after.get("survey_complete", {}).items():
        yield f"survey_complete {code}", surveys.completed(database, code), wanted
    if "sms_opt_out" in after:
        yield "sms_opt_out", surveys.opted_out(database), after["sms_opt_out"]


def _requests(database: Database, after: dict[str, Any], around: Outside) -> Iterator[Found]:
    """Compare what the operators were asked for, once the worker has sent it; asking credits nothing."""
    if "provider_requests" not in after:
        return
    outside.work(database)
    asked = [
        {"provider": provider, "phone": payment.party[-9:], "amount": payment.asked.minor}
        for provider, (_, adapter) in OPERATORS.items()
        for payment in around.payments(adapter)
    ]
    wanted = [{**row, "phone": row["phone"][-9:]} for row in after["provider_requests"]]
    yield "provider_requests", asked, wanted
    with database.transaction() as session:
        for phone, balance in after.get("balances", {}).items():
            yield f"balances {phone}", world.balance(session, phone), balance


def _secrets(database: Database, after: dict[str, Any], written: Callable[[], str]) -> Iterator[Found]:
    """Look in every table, in the figures, and in what this process wrote and said."""
    wanted = after.get("absent_everywhere")
    if not wanted:
        return
    places = {"tables": remains.kept(database), "metrics": metrics.render().decode(), "logs": written()}
    for place, text in places.items():
        yield f"absent_everywhere: {place}", remains.find(wanted, text), []
