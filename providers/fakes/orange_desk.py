"""What the three fakes of Orange share: tokens that end, and who may ask for one."""

import base64
import hmac

from starlette.responses import JSONResponse

from providers.fakes.base import Call, Fake
from providers.fakes.kernel import Kernel

JSON_TYPE = "application/json"
COLOUR = "#ff7900"


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
