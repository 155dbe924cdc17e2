"""MTN's USSD product (MADAPI) on loopback: screens pushed to phones; it reports nothing later."""

from http import HTTPStatus

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from providers.fakes.base import Call, Fake, route
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, is_opted_out, is_unknown_number

FIELDS = ("sessionId", "messageType", "msisdn", "serviceCode", "ussdString")
NOTIFICATION = "3"


class MtnMadapiFake(Fake):
    """One subscription. Every field is a string there; what is missing or no notification is theirs to refuse."""

    name = "mtn_madapi"

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return its only address."""

        def push(call: Call) -> Response:
            if call.headers.get("x-api-key") != kernel.secret(self.name, "api_key"):
                return _problem(HTTPStatus.UNAUTHORIZED, "4001", "Invalid access token")
            asked = call.document()
            if not all(isinstance(asked.get(name), str) and asked[name] for name in FIELDS):
                return _problem(HTTPStatus.BAD_REQUEST, "4000", "Bad request")
            if not asked["msisdn"].isdecimal() or asked["messageType"] != NOTIFICATION:
                return _problem(HTTPStatus.BAD_REQUEST, "4000", "Bad request")
            return self._take(kernel, asked)

        return [route("/messages/ussd/outbound", push)]

    def reset(self) -> None:
        """Empty the phones."""
        PHONES.reset()

    def _take(self, kernel: Kernel, asked: dict[str, str]) -> Response:
        to, key = f"+{asked['msisdn']}", asked["sessionId"]
        transaction_id = PHONES.next_id("MADAPI-")
        story = PHONES.story(kernel, self.name, to, key)
        if is_unknown_number(story) or is_opted_out(story):
            return _problem(HTTPStatus.NOT_FOUND, "4004", "Subscriber not found")
        letter = Letter(self.name, transaction_id, to, asked["ussdString"], asked["serviceCode"], kernel.now(), key)
        PHONES.receive(kernel, letter, story, None)
        said = {"statusCode": "0000", "statusMessage": "Successful", "transactionId": transaction_id}
        data = {"outboundResponse": "Successful", "sessionId": key, "msisdn": asked["msisdn"]}
        return JSONResponse({**said, "supportMessage": "", "data": data})

    def refusal(self, status: int) -> Response:
        """Say a refusal in their words."""
        return _problem(status, str(status), HTTPStatus(status).phrase)


def _problem(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"statusCode": code, "statusMessage": message, "supportMessage": message}, status)


FAKES = (MtnMadapiFake,)
