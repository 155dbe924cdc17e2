"""What the three fakes of Orange share: tokens that end, and the page on which a payer presses a button."""

import base64
import hmac
from html import escape

from starlette.responses import HTMLResponse, JSONResponse, Response

from core.i18n import t
from core.money import Money
from providers.fakes.base import Call, Fake
from providers.fakes.kernel import Kernel

JSON_TYPE = "application/json"

_STYLE = """
body{font:17px/1.5 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#1b1b1b}
main{max-width:22rem;margin:12vh auto;padding:2rem;background:#fff;border-top:6px solid #ff7900;border-radius:.5rem}
strong{display:block;font-size:2rem;margin:.5rem 0 1.5rem}
button{font:inherit;width:100%;padding:.8rem;margin-top:.75rem;background:#fff}
button{border:1px solid #1b1b1b;border-radius:.4rem}
button[value=pay]{background:#ff7900;border-color:#ff7900;color:#000;font-weight:600}
"""


class OrangeFake(Fake):
    """A fake that gives tokens and checks them; a token says itself until when it is good, and is signed."""

    token_life_s = 3_600

    def give_token(self, kernel: Kernel) -> dict[str, object]:
        """Return the answer of a token call."""
        until = f"{int(kernel.now().timestamp()) + self.token_life_s:x}"
        token = f"{until}.{self._sign(kernel, until)}"
        return {"token_type": "Bearer", "access_token": token, "expires_in": self.token_life_s}

    def is_token_good(self, kernel: Kernel, call: Call) -> bool:
        """Say whether a call brings a token of ours that has not ended."""
        until, _, signature = call.bearer.partition(".")
        if not hmac.compare_digest(signature, self._sign(kernel, until)):
            return False
        return int(until, 16) > kernel.now().timestamp()

    def is_basic_right(self, kernel: Kernel, call: Call) -> bool:
        """Say whether a call brings the client's id and secret in `Authorization: Basic`."""
        pair = f"{kernel.secret(self.name, 'client_id')}:{kernel.secret(self.name, 'client_secret')}"
        return call.headers.get("authorization") == "Basic " + base64.b64encode(pair.encode()).decode()

    def _sign(self, kernel: Kernel, text: str) -> str:
        return hmac.new(kernel.secret(self.name, "client_secret").encode(), text.encode(), "sha256").hexdigest()[:32]


def is_json(call: Call) -> bool:
    """Say whether a call declares a JSON body."""
    return call.headers.get("content-type", "").partition(";")[0].strip() == JSON_TYPE


def invalid_client() -> JSONResponse:
    """Refuse a token."""
    return JSONResponse({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)


def pay_page(title: str, amount: Money) -> Response:
    """Return the page of a link: what is asked, «Payer», «Refuser»."""
    buttons = (
        f'<form method="post"><button name="choice" value="pay">{escape(t("Payer"))}</button>'
        f'<button name="choice" value="refuse">{escape(t("Refuser"))}</button></form>'
    )
    return _page(title, f"<strong>{escape(amount.on_screen())}</strong>{buttons}")


def done_page(title: str, sentence: str, back: str = "") -> Response:
    """Return the page after a choice, with a way back to the merchant."""
    is_address = back.startswith(("http://", "https://"))
    link = f'<p><a href="{escape(back)}">{escape(t("Revenir au marchand"))}</a></p>' if is_address else ""
    return _page(title, f"<p>{escape(sentence)}</p>{link}")


def _page(title: str, inner: str) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    html = f'<!doctype html><html lang="fr">{head}<style>{_STYLE}</style><main><h1>{escape(title)}</h1>{inner}</main>'
    return HTMLResponse(html)
