"""A Kannel box on loopback: `sendsms`, its one line of text, and reports on the address each message carries."""

from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from providers.fakes.base import Call, Fake, route
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, Said, is_opted_out, is_unknown_number

TYPES = {"sent": "8", "delivered": "1", "undelivered": "2"}


class KannelFake(Fake):
    """One box. As the real one, it takes no form, an empty text without a word, and a bare `+` splits a number."""

    name = "kannel"

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return its only address."""

        def send(call: Call) -> Response:
            if call.method == "POST":
                return PlainTextResponse("Invalid content-type", 400)
            query = dict(call.query)
            if query.get("password") != kernel.secret(self.name, "password"):
                return PlainTextResponse("Authorization failed for sendsms", 403)
            if not query.get("to", "").strip().isdecimal():
                return PlainTextResponse("Missing receiver number, rejected", 400)
            return self._take(kernel, query)

        return [route("/cgi-bin/sendsms", send, "GET", "POST")]

    def reset(self) -> None:
        """Empty the phones."""
        PHONES.reset()

    def _take(self, kernel: Kernel, query: dict[str, str]) -> Response:
        to, text = f"+{query['to']}", query.get("text", "")
        if query.get("coding") == "0":
            text = text.translate(str.maketrans("çêûœ", "Ç???"))  # what an unfolded text becomes there
        key = (parse_qs(urlsplit(query.get("dlr-url", "")).query).get("mid") or [text])[0]
        story = PHONES.story(kernel, self.name, to, key)
        letter = Letter(self.name, PHONES.next_id("kannel-"), to, text, "", kernel.now(), key)

        def report(_letter: Letter, said: Said) -> None:
            url = query.get("dlr-url", "")
            if url:
                lost = is_unknown_number(story) or is_opted_out(story)
                kernel.callback(url.replace("%d", "16" if lost else TYPES[said]), "GET", {}, b"")

        PHONES.receive(kernel, letter, story, report)
        return PlainTextResponse("0: Accepted for delivery", 202)

    def refusal(self, status: int) -> Response:
        """Say a temporary failure in Kannel's words."""
        return PlainTextResponse("Temporary failure, try again later.", 503 if status == 429 else status)  # noqa: PLR2004


FAKES = (KannelFake,)
