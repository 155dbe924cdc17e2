"""A mail server on loopback, on a socket of its own: enough of RFC 5321 to be spoken to by `smtplib`, and to misbehave.

A mailbox's name ends in a scenario's three digits.
"""

import contextlib
import email
import email.policy
import re
import socketserver
import threading
from email.message import EmailMessage

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from providers.fakes.base import Answers, Call, Dropped, Fake, Hung, route
from providers.fakes.behaviour import Story
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, is_opted_out, is_unknown_number

HOST = "127.0.0.1"
LARGEST_LINE = 8_192
HOLDS_S = 40.0

_SCENARIO = re.compile(r"(\d{3})@")
_PATH = re.compile(r"<([^>]*)>")


class SmtpFake(Fake):
    """The server; `port` is known once it has started."""

    name = "smtp"

    def __init__(self) -> None:
        self.port = 0
        self._server: socketserver.ThreadingTCPServer | None = None

    def base_url(self, root: str) -> str:  # noqa: ARG002  # it listens beside that server
        """Return the address of the mail server; known once it has started."""
        return f"smtp://{HOST}:{self.port}"

    def start(self, kernel: Kernel) -> None:
        """Listen on a port of loopback."""

        class Session(_Session):
            house = kernel

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer((HOST, 0), Session)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="fake-smtp", daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def routes(self, kernel: Kernel) -> list[Route]:  # noqa: ARG002  # its protocol is another
        """Return the mails that arrived, for whoever looks from a browser."""

        def list_mails(_call: Call) -> Response:
            mails = PHONES.letters(self.name)
            return JSONResponse({"port": self.port, "mails": [{"to": one.to, "subject": one.subject} for one in mails]})

        return [route("/", list_mails, "GET")]

    def reset(self) -> None:
        """Empty the mailboxes."""
        PHONES.reset()


class _Session(socketserver.StreamRequestHandler):
    """One conversation."""

    house: Kernel

    def handle(self) -> None:
        self._to, self._from = "", ""
        self._say("220 fakes ESMTP")
        with contextlib.suppress(ConnectionError, Dropped):
            while line := self.rfile.readline(LARGEST_LINE):
                if self._obey(line.decode("utf-8", "replace").rstrip()):
                    return

    def _obey(self, line: str) -> bool:
        """Answer one command; true ends the conversation."""
        verb = line.partition(" ")[0].upper()
        match verb:
            case "EHLO":
                self._say("250-fakes\r\n250 8BITMIME")
            case "MAIL":
                self._from = _path(line)
                self._say("250 ok")
            case "RCPT":
                self._to = _path(line)
                story = self._story()
                refused = is_unknown_number(story) or is_opted_out(story)
                self._say("550 5.1.1 no such user" if refused else "250 ok")
            case "DATA":
                self._data()
            case "QUIT":
                self._say("221 bye")
                return True
            case _:
                self._say("250 ok")
        return False

    def _data(self) -> None:
        if self._story().rate_limits:
            self._say("451 4.7.1 try again later")
            return
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline(LARGEST_LINE)) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)  # noqa: S101  # the default policy makes no other
        part = mail.get_body(("plain",))
        text = part.get_content() if part is not None else ""
        key = str(mail["Message-ID"])
        letter = Letter("smtp", key, self._to, text, str(mail["Subject"]), self.house.now(), key)
        try:
            PHONES.receive(self.house, letter, self._story(), None)
        except Hung:
            self.house.wait(HOLDS_S)
            raise Dropped from None
        except Answers as fault:
            self._say(f"{451 if fault.status == 500 else 550} fault")  # noqa: PLR2004  # a server's own trouble passes
            return
        self._say("250 2.0.0 queued")

    def _story(self) -> Story:
        found = _SCENARIO.search(self._to)
        party = f"+2290197000{found[1]}" if found else ""
        return self.house.behaviour("smtp", "send", self._to, party)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def _path(line: str) -> str:
    found = _PATH.search(line)
    return found[1] if found else ""


FAKES = (SmtpFake,)
