"""Twilio on loopback: messages by SMS and WhatsApp, signed status callbacks, and the STOP of who opts out."""

import base64
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from providers.fakes.base import Call, Fake, route
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, Said, is_opted_out, is_unknown_number

FORM = "application/x-www-form-urlencoded"


class TwilioFake(Fake):
    """The Messages resource of one channel."""

    def __init__(self, name: str, prefix: str = "") -> None:
        self.name = name
        self._prefix = prefix

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the two addresses that are used."""

        def send(call: Call) -> Response:
            refused = self._authenticate(kernel, call)
            return refused or self._take(kernel, call.params["sid"], call.form())

        def account(call: Call) -> Response:
            return self._authenticate(kernel, call) or JSONResponse({"sid": call.params["sid"], "status": "active"})

        root = "/2010-04-01/Accounts/{sid}"
        return [route(f"{root}/Messages.json", send), route(f"{root}.json", account, "GET")]

    def refusal(self, status: int) -> Response:
        """Say no in Twilio's shape."""
        codes = {401: 20003, 403: 20003, 429: 20429, 500: 20500}
        return _error(status, codes.get(status, 20001))

    def reset(self) -> None:
        """Empty the phones."""
        PHONES.reset()

    def _authenticate(self, kernel: Kernel, call: Call) -> Response | None:
        pair = f"{call.params['sid']}:{kernel.secret(self.name, 'auth_token')}"
        expected = "Basic " + base64.b64encode(pair.encode()).decode()
        return None if call.headers.get("authorization") == expected else _error(401, 20003)

    def _take(self, kernel: Kernel, account_sid: str, form: dict[str, str]) -> Response:
        to = form.get("To", "").removeprefix(self._prefix)
        if not to.startswith("+"):
            return _error(400, 21211)
        text = form.get("Body") or form.get("ContentVariables", "")
        key = form.get("StatusCallback", "").rpartition("mid=")[2] or text
        story = PHONES.story(kernel, self.name, to, key)
        if is_unknown_number(story):
            return _error(400, 21211)
        if is_opted_out(story):
            self._say_stop(kernel, account_sid, form)
            return _error(400, 21610)
        letter = Letter(
            self.name, PHONES.next_id("SM" + "0" * 24), to, text, form.get("ContentSid", ""), kernel.now(), key
        )

        def report(letter: Letter, said: Said) -> None:
            told = {"AccountSid": account_sid, "From": form["From"], "To": form["To"], "MessageSid": letter.id}
            told |= {"MessageStatus": said, "SmsSid": letter.id, "SmsStatus": said}
            told |= {"ErrorCode": "30003"} if said == "undelivered" else {}
            self._call(kernel, form.get("StatusCallback", ""), told)

        PHONES.receive(kernel, letter, story, report)
        return JSONResponse({"sid": letter.id, "status": "queued", "to": form["To"], "num_segments": "1"}, 201)

    def _say_stop(self, kernel: Kernel, account_sid: str, form: dict[str, str]) -> None:
        """Let our webhook get the person's own STOP."""
        sid = PHONES.next_id("SM" + "1" * 24)
        said = {"AccountSid": account_sid, "From": form["To"], "To": form["From"], "Body": "STOP", "MessageSid": sid}
        self._call(kernel, kernel.callback_url(self.name), said)

    def _call(self, kernel: Kernel, url: str, fields: dict[str, str]) -> None:
        if url:
            signature = RequestValidator(kernel.secret(self.name, "auth_token")).compute_signature(url, fields)
            headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
            kernel.callback(url, "POST", headers, urlencode(fields).encode())


def _error(status: int, code: int) -> JSONResponse:
    return JSONResponse({"code": code, "message": "refused", "status": status}, status)


def _sms() -> TwilioFake:
    return TwilioFake("twilio_sms")


def _whatsapp() -> TwilioFake:
    return TwilioFake("twilio_whatsapp", "whatsapp:")


FAKES = (_sms, _whatsapp)
