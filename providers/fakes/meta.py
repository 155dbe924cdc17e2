"""Meta's Cloud API on loopback: messages of one number, signed statuses, and the STOP of who opts out."""

import hashlib
import hmac
import json
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from providers.fakes.base import Call, Fake, route
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, Said, is_opted_out, is_unknown_number

WORDS = {"sent": "sent", "delivered": "delivered", "undelivered": "failed"}


class MetaFake(Fake):
    """One telephone number. Its webhook is configured, as in Meta's own console."""

    name = "meta_whatsapp"

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the two addresses that are used."""

        def send(call: Call) -> Response:
            if call.bearer != kernel.secret(self.name, "token"):
                return _error(401, 190)
            return self._take(kernel, call.params["number"], call.document())

        def number(call: Call) -> Response:
            known = call.bearer == kernel.secret(self.name, "token")
            return JSONResponse({"id": call.params["number"]}) if known else _error(401, 190)

        return [route("/{version}/{number}/messages", send), route("/{version}/{number}", number, "GET")]

    def refusal(self, status: int) -> Response:
        """Say no in Meta's shape."""
        return _error(status, {401: 190, 403: 10, 429: 130429}.get(status, 131000))

    def reset(self) -> None:
        """Empty the phones."""
        PHONES.reset()

    def _take(self, kernel: Kernel, number: str, document: dict[str, Any]) -> Response:
        to = f"+{document.get('to', '')}"
        if document.get("messaging_product") != "whatsapp" or not to[1:].isdecimal():
            return _error(400, 100)
        text = _read(document)
        key = str(document.get("biz_opaque_callback_data", ""))
        story = PHONES.story(kernel, self.name, to, key)
        if is_unknown_number(story):
            return _error(400, 131026)
        if is_opted_out(story):
            said = {"from": to[1:], "id": PHONES.next_id("wamid.IN"), "type": "text", "text": {"body": "STOP"}}
            self._call(kernel, number, {"messages": [{**said, "timestamp": str(int(kernel.now().timestamp()))}]})
            return _error(400, 131050)
        subject = document.get("template", {}).get("name", "")
        letter = Letter(self.name, PHONES.next_id("wamid.OUT"), to, text, subject, kernel.now(), key)

        def report(letter: Letter, said: Said) -> None:
            status = {"id": letter.id, "status": WORDS[said], "recipient_id": to[1:], "biz_opaque_callback_data": key}
            status |= {"timestamp": str(int(kernel.now().timestamp()))}
            failed = {"errors": [{"code": 131026, "title": "Message undeliverable"}]} if said == "undelivered" else {}
            self._call(kernel, number, {"statuses": [{**status, **failed}]})

        PHONES.receive(kernel, letter, story, report)
        return JSONResponse({"messaging_product": "whatsapp", "messages": [{"id": letter.id}]})

    def _call(self, kernel: Kernel, number: str, value: dict[str, Any]) -> None:
        url = kernel.callback_url(self.name)
        if not url:
            return
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, **value}
        changes = [{"field": "messages", "value": value}]
        told = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
        body = json.dumps(told).encode()
        secret = kernel.secret(self.name, "app_secret").encode()
        signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        kernel.callback(url, "POST", {"Content-Type": "application/json", "X-Hub-Signature-256": signature}, body)


def _read(document: dict[str, Any]) -> str:
    """Return what a telephone shows: a text, what can be tapped under it, the caption of a picture, or a template."""
    if document.get("type") == "interactive":
        shown = document["interactive"]
        action = shown["action"]
        rows = [row for section in action.get("sections", []) for row in section["rows"]]
        titles = [button["reply"]["title"] for button in action.get("buttons", [])] or [row["title"] for row in rows]
        return "\n".join([shown["body"]["text"], *(f"[{title}]" for title in titles)])
    if document.get("type") == "image":
        return str(document["image"].get("caption", ""))
    text = document.get("text", {}).get("body")
    return text or json.dumps(document.get("template", {}), ensure_ascii=False)


def _error(status: int, code: int) -> JSONResponse:
    return JSONResponse({"error": {"message": "refused", "type": "OAuthException", "code": code}}, status)


FAKES = (MetaFake,)
