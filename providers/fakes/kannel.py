"""A Kannel box on loopback: `sendsms`, its one line of text, and reports on the address each message carries."""

from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from providers.fakes.base import Call, Fake, route
from providers.fakes.behaviour import Story
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, Said, is_opted_out, is_unknown_number

TYPES = {"sent": "8", "delivered": "1", "undelivered": "2"}
CONFIRM = 19


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

    def tell(self, kernel: Kernel, query: dict[str, str], story: Story, said: Said) -> None:
        """Report to the address that the message carried."""
        url = query.get("dlr-url", "")
        if url:
            kernel.callback(url.replace("%d", "16" if _is_refused(story) else TYPES[said]), "GET", {}, b"")

    def _take(self, kernel: Kernel, query: dict[str, str]) -> Response:
        to, text = f"+{query['to']}", query.get("text", "")
        if query.get("coding") == "0":
            text = text.translate(str.maketrans("çêûœ", "Ç???"))  # what an unfolded text becomes there
        key = (parse_qs(urlsplit(query.get("dlr-url", "")).query).get("mid") or [text])[0]
        story = PHONES.story(kernel, self.name, to, key)
        letter = Letter(self.name, PHONES.next_id("kannel-"), to, text, "", kernel.now(), key)
        PHONES.receive(kernel, letter, story, lambda _letter, said: self.tell(kernel, query, story, said))
        return PlainTextResponse("0: Accepted for delivery", 202)

    def refusal(self, status: int) -> Response:
        """Say a temporary failure in Kannel's words."""
        return PlainTextResponse("Temporary failure, try again later.", 503 if status == 429 else status)  # noqa: PLR2004


class KannelUssdFake(KannelFake):
    """The box and an operator's USSD link: the centre takes a screen or refuses it, and the phone confirms it.

    A confirm is no report of Kannel's: it comes as anything a phone does, to the address of the gateway.
    """

    name = "kannel_ussd"

    def tell(self, kernel: Kernel, query: dict[str, str], story: Story, said: Said) -> None:
        """Have the centre say 8 or 16, and the phone that showed the screen say 19."""
        is_lost = said == "undelivered" or _is_refused(story)
        url = query.get("dlr-url", "")
        if url:
            kernel.callback(url.replace("%d", "16" if is_lost else "8"), "GET", {}, b"")
        gateway = kernel.callback_url(self.name)
        if gateway and said == "delivered" and not is_lost:
            kernel.callback(f"{gateway}?{_confirm(kernel, query)}", "GET", {}, b"")


def _confirm(kernel: Kernel, query: dict[str, str]) -> str:
    """Return what the shipped `get-url` makes of a USSN confirm; the two parameters are octets."""
    params = dict(part.partition("=")[::2] for part in query.get("meta-data", "").removeprefix("?smpp?").split("&"))
    session = params.get("its_session_info", "%00%00")
    told = {"from": f"+{query['to']}", "to": query.get("from", ""), "text": "", "id": PHONES.next_id("ussn-")}
    told |= {"epoch": str(int(kernel.now().timestamp()))}
    return f"{urlencode(told)}&op=%{CONFIRM:02X}&sess={session}"


def _is_refused(story: Story) -> bool:
    return is_unknown_number(story) or is_opted_out(story)


FAKES = (KannelFake, KannelUssdFake)
