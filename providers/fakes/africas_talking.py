"""Africa's Talking on loopback: the bulk SMS address and its delivery reports."""

from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import gsm7
from providers.fakes.base import Call, Fake, route
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, Said, is_opted_out, is_unknown_number

WORDS = {"sent": "Sent", "delivered": "Success", "undelivered": "Failed"}


class AfricasTalkingFake(Fake):
    """One account; a person who opted out there is code 406."""

    name = "africas_talking"

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the two addresses that are used."""

        def send(call: Call) -> Response:
            form = call.form()
            if call.headers.get("apikey") != kernel.secret(self.name, "api_key"):
                return Response("The supplied authentication is invalid", 401)
            if not form.get("to", "").startswith("+") or not form.get("message") or not form.get("username"):
                return Response("Invalid request", 400)
            return self._take(kernel, form)

        def user(call: Call) -> Response:
            if call.headers.get("apikey") != kernel.secret(self.name, "api_key"):
                return Response("The supplied authentication is invalid", 401)
            return JSONResponse({"UserData": {"balance": "XOF 100000.0000"}})

        return [route("/version1/messaging", send), route("/version1/user", user, "GET")]

    def reset(self) -> None:
        """Empty the phones."""
        PHONES.reset()

    def _take(self, kernel: Kernel, form: dict[str, str]) -> Response:
        to, text = form["to"], form["message"]
        message_id = PHONES.next_id("ATXid_")
        story = PHONES.story(kernel, self.name, to, f"{to}:{text}")
        if is_opted_out(story):
            return _answer(to, 406, "UserInBlacklist", "None")
        if is_unknown_number(story):
            return _answer(to, 403, "InvalidPhoneNumber", "None")
        letter = Letter(self.name, message_id, to, text, "", kernel.now(), f"{to}:{text}")

        def report(letter: Letter, said: Said) -> None:
            url = kernel.callback_url(self.name)
            if url:
                told = {"id": letter.id, "status": WORDS[said], "phoneNumber": to, "networkCode": "62404"}
                told |= {"failureReason": "DeliveryFailure"} if said == "undelivered" else {}
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                kernel.callback(url, "POST", headers, urlencode(told).encode())

        PHONES.receive(kernel, letter, story, report)
        cost = f"XOF {gsm7.count_segments(text) * 15}.0000"
        return _answer(to, 101, "Success", message_id, cost)


def _answer(to: str, code: int, status: str, message_id: str, cost: str = "0") -> JSONResponse:
    recipient = {"statusCode": code, "number": to, "status": status, "cost": cost, "messageId": message_id}
    sent = int(code < 200)  # noqa: PLR2004  # theirs: 1xx is accepted
    return JSONResponse({"SMSMessageData": {"Message": f"Sent to {sent}/1", "Recipients": [recipient]}}, 201)


FAKES = (AfricasTalkingFake,)
