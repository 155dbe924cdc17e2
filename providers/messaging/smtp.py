"""E-mail over SMTP, by the standard library: STARTTLS on 587, TLS on 465, plain text first and simple HTML second."""

import contextlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from html import escape
from urllib.parse import urlsplit

from core import clock
from providers.answers import Account
from providers.messaging.answers import Answer, Outgoing, Refused, RefusedKind, Retry, Sent, Unknown
from providers.wire import Wire

TIMEOUT_S = 20.0
DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
PERMANENT = 500
READY = 250
BAD_MAILBOXES = frozenset({550, 551, 553})


class Smtp:
    """One mail server. Its address says how it is spoken to: `smtp`, `smtps`, `smtp+starttls`."""

    name = "smtp"
    channel = "email"

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:  # noqa: ARG002  # no HTTP here
        """Send one mail under our own Message-ID: sent twice, a reader sees it once."""
        try:
            server = _connect(outgoing.account)
        except smtplib.SMTPAuthenticationError as error:
            return _refused(error.smtp_code, "configuration")
        except (OSError, smtplib.SMTPException) as error:
            return Retry(type(error).__name__)
        try:
            return _deliver(server, outgoing)
        except (OSError, smtplib.SMTPException) as error:
            return Unknown(type(error).__name__)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()

    def probe(self, account: Account, wire: Wire) -> bool:  # noqa: ARG002  # as above
        """Greet the server and sign in."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            _connect(account).quit()
            return True
        return False


def compose(outgoing: Outgoing) -> EmailMessage:
    """Return the mail as it travels."""
    sender = str(outgoing.account.settings.get("from", ""))
    name, address = parseaddr(sender)
    mail = EmailMessage()
    mail["Subject"] = " ".join(outgoing.subject.split())
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address(addr_spec=outgoing.to)
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{outgoing.message_id}@{address.rpartition('@')[2]}>"
    mail["Content-Language"] = outgoing.locale
    if outgoing.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{outgoing.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(outgoing.body)
    mail.add_alternative(_page(outgoing), subtype="html")
    return mail


def _deliver(server: smtplib.SMTP, outgoing: Outgoing) -> Answer:
    """Hand one mail over; until the server has the text, nothing can have left."""
    mail = compose(outgoing)
    sender = parseaddr(str(mail["From"]))[1]
    try:
        for code, _ in (server.mail(sender), server.rcpt(outgoing.to)):
            if code != READY:
                bad = code in BAD_MAILBOXES
                return _refused(code, "bad_address" if bad else "final")
        code, _ = server.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
    except smtplib.SMTPDataError as error:
        return _refused(error.smtp_code)
    return Sent(str(mail["Message-ID"])) if code == READY else _refused(code)


def _connect(account: Account) -> smtplib.SMTP:
    parts = urlsplit(account.base_url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 25)
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        server.ehlo()
        if parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        password = next(iter(account.secret_values("password")), "")
        if account.settings.get("username") and password:
            server.login(str(account.settings["username"]), password)
    except BaseException:
        server.close()
        raise
    return server


def _refused(code: int, kind: RefusedKind = "final") -> Answer:
    if code < PERMANENT:
        return Retry(str(code))
    return Refused(str(code), kind)


def _page(outgoing: Outgoing) -> str:
    paragraphs = "".join(
        f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in outgoing.body.split("\n\n") if part.strip()
    )
    return f'<!doctype html><html lang="{escape(outgoing.locale)}"><body>{paragraphs}</body></html>\n'


ADAPTER = Smtp()
