"""pawaPay's statement of a day: ordered, made in its own time, then read as CSV from a link of one day."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from providers.answers import Account, Line, Page, SeenState, Unknown
from providers.mobile_money import calls
from providers.mobile_money.pawapay_conf import ask
from providers.mobile_money.pawapay_words import seen_state
from providers.wire import Answered, Wire

LARGEST_STATEMENT_BYTES = 64 << 20
INSIDE = (".localhost", ".local", ".internal", ".localdomain")
_KINDS = {"DEPOSIT": "collect", "PAYOUT": "payout", "REFUND": "refund", "PAYOUT_REVERSAL": "reversal"}


def list_day(
    account: Account, day: date, cursor: str | None, wallets: Sequence[Mapping[str, Any]], wire: Wire
) -> Page | Unknown:
    """Return a day's lines when the statement is ready; before, an empty page whose cursor asks for it again.

    A statement is one wallet's: one is ordered for each, and the cursor names those still to be read.
    """
    if cursor is None:
        return _order_all(account, day, wallets, wire)
    key, _, others = cursor.partition(",")
    answer = ask(wire, account, "statement", "GET", f"/v2/statements/{quote(key, safe='')}")
    if not isinstance(answer, Answered):
        return calls.as_read(answer)
    document = answer.document()
    data = calls.section(document.get("data")) or document
    link = calls.text_of(data.get("downloadUrl"))
    if not answer.is_success or calls.text_of(data.get("status")) in {"FAILED", "NOT_FOUND"}:
        return calls.unreadable(answer)
    return _download(account, link, others or None, wire) if link else Page([], cursor)


def _order_all(account: Account, day: date, wallets: Sequence[Mapping[str, Any]], wire: Wire) -> Page | Unknown:
    start = datetime.combine(day, time(), ZoneInfo(account.timezone))
    keys = []
    for wallet in wallets:
        document = {
            "wallet": {name: wallet[name] for name in ("country", "currency") if wallet.get(name)},
            "startDate": _utc(start),
            "endDate": _utc(start + timedelta(days=1)),
            "callbackUrl": account.settings.get("statement_callback_url", ""),
        }
        told = {name: value for name, value in document.items() if value}
        answer = ask(wire, account, "statement", "POST", "/v2/statements", told)
        if not isinstance(answer, Answered):
            return calls.as_read(answer)
        key = calls.text_of(answer.document().get("statementId"))
        if not answer.is_success or not key:
            return calls.unreadable(answer)
        keys.append(key)
    return Page([], ",".join(keys) or None)


def _download(account: Account, link: str, cursor: str | None, wire: Wire) -> Page | Unknown:
    """Read the file behind a link of pawaPay's, without any secret of ours."""
    if not _is_theirs(account, link):
        return Unknown(is_sent=False, detail="a statement at an unsafe address")
    wire.hide(link)
    answer = calls.meaning_of(wire.call("statement file", "GET", link, largest_answer_bytes=LARGEST_STATEMENT_BYTES))
    if not isinstance(answer, Answered):
        return calls.as_read(answer)
    try:
        rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig", "replace")), strict=True))
    except csv.Error as error:
        return Unknown(is_sent=True, detail=f"statement: {error}")
    lines = [_line(row) for row in rows]
    if any(line is None for line in lines):
        return Unknown(is_sent=True, detail="a statement line that cannot be read")
    return Page([line for line in lines if line is not None], cursor)


def _is_theirs(account: Account, link: str) -> bool:
    """Say whether a file may be fetched from here: by name over TLS, never from this machine or its network.

    pawaPay keeps its files elsewhere, and does not promise where; a fake's are its own.
    """
    if account.environment == "fake":
        return link.startswith(f"{account.base_url}/")
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_name = "." in host and not host.replace(".", "").isdigit() and not host.endswith(INSIDE)
    return parts.scheme == "https" and port in {None, 443} and not parts.username and is_name


def _line(row: Mapping[str | None, str | None]) -> Line | None:
    told = {str(name): calls.text_of(value) for name, value in row.items() if name is not None}
    amount = calls.money(told.get("amount", "").removeprefix("-"), told.get("currency"))
    at, key = calls.instant(told.get("completed") or told.get("created")), told.get("transactionId", "")
    if amount is None or at is None or not key:
        return None
    kind = told.get("transactionType", "")
    return Line(
        line_key=f"{kind}:{key}",
        kind=_KINDS.get(kind, "other"),
        amount=amount,
        at=at,
        external_id=key,
        provider_ref=told.get("providerTransactionId", ""),
        state=seen_state(told["status"])[0] if told.get("status") else SeenState.SUCCEEDED,
        provider_state=told.get("status", ""),
        fee=calls.money(told.get("fee"), told.get("currency")),
        party=told.get("phoneNumber", ""),
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
