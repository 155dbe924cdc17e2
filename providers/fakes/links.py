"""What fakes with links and refunds share: the page on which a payer presses a button, and what went back already."""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.i18n import t
from core.money import Money
from providers.answers import Reason, SeenState
from providers.fakes.base import Call
from providers.fakes.book import Movement
from providers.fakes.kernel import Kernel, Payment

_SEE_OTHER = 303
_STYLE = """
body{font:17px/1.5 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#1b1b1b}
main{max-width:22rem;margin:12vh auto;padding:2rem;background:#fff;border-top:6px solid COLOUR;border-radius:.5rem}
strong{display:block;font-size:2rem;margin:.5rem 0 1.5rem}
button{font:inherit;width:100%;padding:.8rem;margin-top:.75rem;background:#fff}
button{border:1px solid #1b1b1b;border-radius:.4rem}
button[value=pay]{background:#1b1b1b;color:#fff;font-weight:600}
"""


def show(title: str, colour: str, payment: Payment | None) -> Response:
    """Return the page of a link: what is asked and two buttons, or what became of it."""
    if payment is None:
        return _page(title, colour, f"<p>{escape(t('Ce lien n’existe pas.'))}</p>", 404)
    if not payment.is_pending:
        return _page(title, colour, f"<p>{escape(_outcome(payment))}</p>")
    return _page(title, colour, f"<strong>{escape(payment.asked.on_screen())}</strong>{_buttons()}")


def press(kernel: Kernel, call: Call, payment: Payment | None, success_url: str, error_url: str) -> Response | None:
    """Do what the payer pressed and send him back to the merchant; None when there is nothing to press."""
    if payment is None or not payment.is_pending:
        return None
    is_paid = call.form().get("choice") == "pay"
    if is_paid:
        kernel.succeed(payment)
    else:
        kernel.end(payment, SeenState.CANCELLED, Reason.NOT_APPROVED)
    kernel.tell(payment)
    address = success_url if is_paid else error_url
    return RedirectResponse(address, _SEE_OTHER) if urlsplit(address).scheme in {"http", "https"} else None


def refunded(kernel: Kernel, original: Payment) -> int:
    """Return what of a payment went back already or is on its way, in minor units."""
    lost = {SeenState.FAILED, SeenState.EXPIRED, SeenState.CANCELLED}
    children = (found for found in kernel.search(original.adapter) if found.original is original)
    return sum(child.amount.minor for child in children if child.state not in lost)


def held(rows: Iterable[Movement], opening: Money) -> Money:
    """Return what our wallet at a fake holds: what it began with, and what moved in its currency."""
    minor = opening.minor
    for row in rows:
        if row.currency == opening.currency:
            minor += row.amount_minor if row.kind in {"collect", "unasked", "reversal"} else -row.amount_minor
            minor -= row.fee_minor
    return Money(minor, opening.currency)


def _outcome(payment: Payment) -> str:
    return t("Payé.") if payment.state is SeenState.SUCCEEDED else t("Ce lien n’est plus payable.")


def _buttons() -> str:
    return (
        f'<form method="post"><button name="choice" value="pay">{escape(t("Payer"))}</button>'
        f'<button name="choice" value="refuse">{escape(t("Refuser"))}</button></form>'
    )


def _page(title: str, colour: str, inner: str, status: int = 200) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    style = _STYLE.replace("COLOUR", colour)
    html = f'<!doctype html><html lang="fr">{head}<style>{style}</style><main><h1>{escape(title)}</h1>{inner}</main>'
    return HTMLResponse(html, status)
