"""`/verifier/{token}`: what stands behind the code on a receipt or a report, for whoever holds the paper.

Public, read-only, rate-limited by address; a page for a person, JSON for a program. `/verifier` tells our public keys
and, by POST, whether a receipt in JSON is one of ours.
"""

from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.deps import client_address
from api.errors import TooLarge
from core import formats, signing
from core.database import get_database
from core.errors import TooManyTries
from core.i18n import t
from core.money import Currency, Money
from models.pension_stages import BatchStage, PaymentStage
from reports.pensions import receipts, verification, words
from services.inbound.rate import Buckets

PATH = "/verifier"
ASKED_PER_S, ASKED_AT_ONCE = 0.5, 30
LARGEST_BYTES = 64 * 1024

router = APIRouter(tags=["verification"])
asked = Buckets(rate_per_s=ASKED_PER_S, burst=ASKED_AT_ONCE)

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_STYLE = """
:root{color-scheme:light dark;--page:#F7F5F0;--card:#fff;--line:#E8E4DB;--ink:#1C1B18;--quiet:#6E695F;--good:#14573F;
--soft:#E7F0EA;--bad:#B3261E;--bad-soft:#FBECEA;--doubt:#85560B;--doubt-soft:#FAF1DF}
@media(prefers-color-scheme:dark){:root{--page:#111412;--card:#181C1A;--line:#272D2A;--ink:#ECEBE5;--quiet:#949990;
--good:#62C198;--soft:#1B2E26;--bad:#F2918A;--bad-soft:#3A2220;--doubt:#E5B661;--doubt-soft:#302819}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 Inter,system-ui,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:34rem;margin:0 auto;padding:24px 16px}
.verdict{border-radius:12px;padding:16px;font-weight:600;background:var(--soft);color:var(--good)}
.verdict.bad{background:var(--bad-soft);color:var(--bad)}.verdict.doubt{background:var(--doubt-soft);color:var(--doubt)}
h1{font-size:28px;line-height:36px;letter-spacing:-.02em;margin:24px 0 4px}
p{margin:12px 0;color:var(--quiet)}h1+p{margin:4px 0}
dl{background:var(--card);border:1px solid var(--line);border-radius:12px;margin:24px 0;padding:4px 16px}
dl div{display:flex;gap:16px;padding:10px 0;border-top:1px solid var(--line)}dl div:first-child{border:0}
dt{flex:0 0 9rem;color:var(--quiet);font-size:13px;line-height:24px}dd{margin:0;min-width:0;overflow-wrap:anywhere}
code{font:13px/18px ui-monospace,monospace}@media(max-width:440px){dl div{display:block}}
"""
_MARKS = {"": "✓", "doubt": "↩", "bad": "!"}


@router.get(PATH, summary="The public keys of our receipts")
@router.get(f"{PATH}/", include_in_schema=False)
def list_keys() -> JSONResponse:
    """Give the keys that check our signatures, the one in use first (Ed25519, base64url)."""
    keys = [{"key_id": name, "public_key": key} for name, key in signing.public_keys().items()]
    return JSONResponse({"algorithm": signing.ALGORITHM, "keys": keys})


@router.post(PATH, summary="Is this receipt one of ours, unchanged?")
@router.post(f"{PATH}/", include_in_schema=False)
async def check_receipt(request: Request) -> JSONResponse:
    """Check the signature of a receipt or of a verification, sent as the JSON it came in; nothing is kept."""
    _require_patience(request)
    octets = bytearray()
    async for piece in request.stream():
        octets += piece
        if len(octets) > LARGEST_BYTES:
            raise TooLarge
    return JSONResponse({"authentic": receipts.is_authentic_json(bytes(octets))}, headers=_HEADERS)


@router.get(f"{PATH}/{{token}}", summary="What stands behind the code on a paper")
@router.get(f"{PATH}/{{token}}/", include_in_schema=False)
def verify(request: Request, token: str) -> Response:
    """Say whether the paper is ours and show it masked; 404 when it is not, 429 when one asks too often."""
    _require_patience(request)
    with get_database().transaction() as session:
        found = verification.verify(session, token)
    status = 404 if found is None else 200
    if "text/html" in request.headers.get("accept", ""):
        page = _unknown() if found is None else _page_of(found)
        return Response(page, status, _HEADERS, "text/html; charset=utf-8")
    body = {"authentic": False} if found is None else {"authentic": True, **found}
    return JSONResponse(body, status, _HEADERS)


def _require_patience(request: Request) -> None:
    if not asked.take(client_address(request)):
        raise TooManyTries(secondes=round(1 / ASKED_PER_S))


def _page_of(found: dict[str, Any]) -> str:
    return _receipt_page(found) if found["type"] == verification.RECEIPT else _batch_page(found)


def _receipt_page(found: dict[str, Any]) -> str:
    payee = found["payee"]
    amount = Money(found["amount"], Currency(found["currency"]))
    is_back = found["status"] == PaymentStage.REVERSED
    verdict, tone = t("Reçu authentique"), ""
    if is_back:
        verdict, tone = t("Reçu authentique, mais l'argent est revenu depuis."), "doubt"
    facts = [
        (t("Organisation"), found["organisation"]["name"]),
        (t("Bénéficiaire"), f"{payee['name']} {payee['identifier']}".strip()),
        (t("Objet"), f"{found['purpose']}, {words.cycle_of(found['batch']['cycle'])}"),
        (t("Payé le"), _moment(found["completed_at"], found["time_zone"])),
        (t("Lot et ligne"), f"{found['batch']['bulk_id']}, {formats.count(found['batch']['line'])}"),
        (t("Preuve"), receipts.proof_in_words(found)),
    ]
    codes = [
        (t("Référence Mojaloop"), found["transferId"]),
        (t("Condition"), found["condition"]),
        (t("Preuve (fulfilment)"), found["fulfilment"]),
        (t("Sceau du lot"), found["batch"]["seal"]),
        (t("Signature"), f"{found['signature']['key_id']} {found['signature']['value']}"),
    ]
    return _page(verdict, tone, amount.on_screen(), amount.in_words(), facts, codes)


def _batch_page(found: dict[str, Any]) -> str:
    currency = Currency(found["currency"])
    total = Money(found["total"]["amount"], currency)
    facts = [
        (t("Organisation"), found["organisation"]["name"]),
        (t("Lot"), found["batch"]["bulk_id"]),
        (t("Mois payé"), words.cycle_of(found["batch"]["cycle"])),
        (t("État"), words.batch_stage(BatchStage(found["status"]))),
        (t("Paiements"), formats.count(found["total"]["count"])),
    ]
    facts += [
        (words.payment_stage(PaymentStage(stage)), f"{formats.count(one['count'])}, {_money(one, currency)}")
        for stage, one in found["stages"].items()
    ]
    codes = [(t("Sceau du lot"), found["batch"]["seal"])]
    return _page(t("Lot authentique"), "", total.on_screen(), total.in_words(), facts, codes)


def _unknown() -> str:
    sentence = t("Rien de tel chez nous : ce papier n'est pas authentique, ou l'adresse est incomplète.")
    return _page(t("Non authentique"), "bad", "", sentence, [], [])


def _money(total: dict[str, int], currency: Currency) -> str:
    return Money(total["amount"], currency).on_screen()


def _moment(instant: str, zone: str) -> str:
    at = datetime.strptime(instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return f"{formats.day(at.date())}, {at:%H:%M:%S}"


def _page(
    verdict: str,
    tone: str,
    figure: str,
    sentence: str,
    facts: list[tuple[str, str]],
    codes: list[tuple[str, str]],
) -> str:
    lines = [(label, escape(value)) for label, value in facts]
    lines += [(label, f"<code>{escape(value)}</code>") for label, value in codes if value]
    shown = "".join(f"<div><dt>{escape(label)}</dt><dd>{value}</dd></div>" for label, value in lines)
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(verdict)} · Palabre</title><style>{_STYLE}</style></head><body><main>"
        f'<div class="verdict {tone}" role="status">'
        f'<span aria-hidden="true">{_MARKS[tone]}</span> {escape(verdict)}</div>'
        + (f"<h1>{escape(figure)}</h1>" if figure else "")
        + f"<p>{escape(sentence)}</p>"
        + (f"<dl>{shown}</dl>" if shown else "")
        + "</main></body></html>"
    )
