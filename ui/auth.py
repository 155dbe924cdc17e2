"""The seam with identity: which person an opaque token stands for, and where a browser keeps it.

`app.storage.user` holds the token, the colour scheme and the language chosen, nothing else; the session itself is a row
that every act checks.
"""

from typing import TYPE_CHECKING, Any

from nicegui import app, context

from core import addresses, i18n
from core.permissions import Actor
from core.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "session"  # noqa: S105  # the key in app.storage.user
LANGUAGE = "language"
SIGN_IN = "/connexion"
CHANGE_PASSWORD = "/mot-de-passe/changer"  # noqa: S105  # a path
COOKIE = "palabre_session"  # set by single sign-on, which ends in an HTTP answer and not in a page


def resolve(session: Any, token: str, address: str) -> Actor | None:
    """Return who the token stands for, or None when it is unknown, ended or revoked."""
    from services import users

    find: Callable[[Any, str, str], Actor | None] = users.actor_of_console_session
    return find(session, token, address)


def end(session: Any, opaque: str) -> None:
    """End the session of a token."""
    from services import users

    users.sign_out_console(session, opaque)


def token() -> str:
    """Return this browser's token; empty when nobody is signed in."""
    return str(app.storage.user.get(TOKEN) or context.client.request.cookies.get(COOKIE) or "")


def address() -> str:
    """Return the address of this page's browser, by `X-Forwarded-For` behind declared proxies only."""
    request = context.client.request
    forwarded_for = ",".join(request.headers.getlist("x-forwarded-for"))
    peer = request.client.host if request.client else ""
    return addresses.client_address(peer, forwarded_for, get_settings().trusted_proxies)


def remember(opaque: str) -> None:
    """Keep the token of a person who just signed in."""
    app.storage.user[TOKEN] = opaque


def forget() -> None:
    """Drop the token of this browser; its session row is ended by the verb."""
    app.storage.user.pop(TOKEN, None)


def choose_language(language: str) -> None:
    """Keep this browser's language."""
    if language in i18n.LANGUAGES:
        app.storage.user[LANGUAGE] = language


def language_of(actor: Actor | None) -> str:
    """Return the language chosen here, else the person's own; French until somebody chooses."""
    chosen = app.storage.user.get(LANGUAGE)
    if chosen in i18n.LANGUAGES:
        return str(chosen)
    wanted = actor.language if actor else i18n.DEFAULT_LANGUAGE
    return wanted if wanted in i18n.LANGUAGES else i18n.DEFAULT_LANGUAGE


def is_local(path: str) -> bool:
    """Say whether a return address stays on this site: one leading slash, no backslash, no scheme."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
