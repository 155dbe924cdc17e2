"""A receipt on paper: one A6 page, what was paid to whom, what proves it, and a code to check it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core import formats
from core.database import Session
from core.i18n import t
from core.money import Currency, Money
from core.permissions import Actor
from reports import press
from reports.pensions import receipts, words
from reports.pensions.documents import Document
from reports.press import Press

WIDTH_MM, HEIGHT_MM, MARGIN = 105.0, 148.0, 9.0
INNER = WIDTH_MM - 2 * MARGIN
CODE_MM = 31.0


def receipt_pdf(session: Session, actor: Actor, bulk_id: str, transfer_id: str) -> Document:
    """Return the receipt of a payment as an A6 page; the refusals are those of `receipts.receipt`."""
    row = receipts.find(session, actor, bulk_id, transfer_id)
    paper = receipts.signed(row)
    page = Press((WIDTH_MM, HEIGHT_MM), MARGIN)
    page.set_title(t("Reçu {id}").format(id=paper["payment_id"]))
    page.set_author(page.drawable(paper["organisation"]["name"]))
    page.set_creation_date(row["completed_at"])
    page.set_lang("fr")
    page.add_page()
    _draw(page, paper, row["completed_at"].astimezone(ZoneInfo(row["zone"])))
    return Document(f"recu-{paper['payment_id']}.pdf", "application/pdf", iter([bytes(page.output())]))


def _draw(page: Press, paper: dict[str, Any], paid_at: datetime) -> None:
    page.block(0, 0, WIDTH_MM, 2.4, press.ACCENT)
    page.pen(8.5, press.INK_2)
    y = 10.4
    for line in page.wrap(paper["organisation"]["name"], INNER - 22, 2):
        page.put(MARGIN, y, line)
        y += 4
    page.chip(WIDTH_MM - MARGIN, 6.6, t("Payé"), press.ACCENT, press.ACCENT_SOFT)
    page.pen(8, press.INK_3)
    page.put(MARGIN, y + 0.6, t("Reçu de paiement"))
    amount = Money(paper["amount"], Currency(paper["currency"]))
    figure, unit = amount.parts()
    page.pen(24, is_bold=True)
    page.put(MARGIN, 30.5, figure)
    end = MARGIN + page.get_string_width(figure)
    page.pen(11, press.INK_3)
    page.put(end + 1.8, 30.5, unit)
    page.pen(8, press.INK_2)
    y = 36.6
    for line in page.wrap(amount.in_words(), INNER, 2):
        page.put(MARGIN, y, line)
        y += 4
    y = _draw_facts(page, paper, paid_at, y + 3)
    _draw_proof(page, paper, y + 1.4)


def _draw_facts(page: Press, paper: dict[str, Any], paid_at: datetime, y: float) -> float:
    payee = paper["payee"]
    when = f"{formats.day(paid_at.date())}, {paid_at:%H:%M:%S}"
    fee = Money(paper["fee"], Currency(paper["currency"]))
    found = [
        (t("Bénéficiaire"), payee["name"] or "–"),
        (t("Identifiant"), f"{payee['id_type']} {payee['identifier']}"),
        (t("Objet"), f"{paper['purpose']}, {words.cycle_of(paper['batch']['cycle'])}"),
        (t("Payé le"), when),
        (t("Lot et ligne"), f"{paper['batch']['bulk_id']}, {formats.count(paper['batch']['line'])}"),
        (t("Compte payeur"), paper["payer_account"]),
        (t("Écriture"), paper["ledger"]["reference"] or "–"),
    ]
    if fee.minor:
        found.append((t("Frais"), fee.on_screen()))
    for label, value in found:
        page.rule(y - 3.7)
        page.pen(7.5, press.INK_3)
        page.put(MARGIN, y, label)
        page.pen(8, press.INK)
        page.put(MARGIN + 26, y, value, width=INNER - 26)
        y += 5.5
    page.rule(y - 3.7)
    return y


def _draw_proof(page: Press, paper: dict[str, Any], y: float) -> None:
    """Draw the code, and beside it what a stranger needs to check the paper without us."""
    page.code(MARGIN, y, CODE_MM, paper["verification"])
    left, width = MARGIN + CODE_MM + 4, INNER - CODE_MM - 4
    is_verified = paper["proof"] == receipts.VERIFIED
    page.pen(7.5, press.ACCENT if is_verified else press.OCHRE, is_bold=True)
    page.put(left, y + 2.4, receipts.proof_in_words(paper), width=width)
    proofs = (
        (t("Référence Mojaloop"), paper["transferId"]),
        (t("Condition"), paper["condition"]),
        (t("Preuve (fulfilment)"), paper["fulfilment"]),
    )
    beneath = y + 6.4
    for label, value in proofs:
        page.pen(6.2, press.INK_3)
        page.put(left, beneath, label)
        page.pen(5.6, press.INK, family=press.MONO)
        page.put(left, beneath + 2.9, value or "–", width=width)
        beneath += 7
    y += CODE_MM + 4.8
    signature = paper["signature"]
    page.pen(6.2, press.INK_3)
    page.put(
        MARGIN,
        y,
        t("Signature {algorithm}, clé {key}").format(algorithm=signature["algorithm"], key=signature["key_id"]),
    )
    page.pen(5.6, press.INK, family=press.MONO)
    half = (len(signature["value"]) + 1) // 2
    page.put(MARGIN, y + 2.9, signature["value"][:half])
    page.put(MARGIN, y + 5.2, signature["value"][half:])
    page.pen(6.2, press.INK_3)
    page.put(MARGIN, y + 8.8, t("Sceau du lot"))
    page.pen(5.6, press.INK, family=press.MONO)
    page.put(MARGIN, y + 11.7, paper["batch"]["seal"])
