"""The shell: every page goes through `screen`, every change through `act`, every figure through `read`.

It is the only file of the room that opens a transaction; the rest of the room knows no database.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

import structlog
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from nicegui import app, context, ui

from core import i18n
from core.database import Database, Session, get_database
from core.errors import Forbidden, NotFound, NotSignedIn, Refusal
from core.permissions import Actor, Permission
from core.settings import Environment, get_settings
from ui import auth, frame, labels, live, navigation, theme
from ui.components import empty, toasts
from ui.labels import t

P = ParamSpec("P")
T = TypeVar("T")
Build = Callable[..., Any]

VISIT = "visit"  # the key in a client's own storage
BUILD_TIMEOUT_S = 15.0  # on a loaded machine a slow page is better than none; a statement has 5 s
RECONNECT_S = 10.0
SURVEY_MS = 60_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page. It is for drawing only: every act asks the database again."""

    actor: Actor | None
    token: str
    address: str


@dataclass(frozen=True, slots=True)
class Screen:
    """One page, before it is registered."""

    path: str
    title: str
    build: Build
    needs: Permission | None
    is_open: bool
    in_development_only: bool


SCREENS: dict[str, Screen] = {}


def screen(
    path: str,
    *,
    title: str,
    needs: Permission | None = None,
    is_open: bool = False,
    in_development_only: bool = False,
) -> Callable[[Build], Build]:
    """Make a page of the decorated builder.

    Its visitor is known and permitted before anything is drawn; an `is_open` page is drawn for anybody and brings
    its own frame.
    """

    def remember(build: Build) -> Build:
        SCREENS[path] = Screen(path, title, build, needs, is_open, in_development_only)
        return build

    return remember


def visitor() -> Actor:
    """Return who looks at this page, for drawing it; refuse on an open page."""
    visit: Visit | None = context.client.storage.get(VISIT)
    if visit is None or visit.actor is None:
        raise NotSignedIn
    return visit.actor


async def attempt(verb: Callable[Concatenate[Session, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T | Refusal:
    """Run a verb in a worker thread and one transaction, as whoever the session row says is here now.

    Returns the verb's plain result, or its refusal for a form that marks its own fields. An ended session leads to
    the sign-in page.
    """
    visit: Visit = context.client.storage[VISIT]

    def run(session: Session) -> T:
        actor = auth.resolve(session, visit.token, visit.address) if visit.token else None
        if actor is None:
            raise _NobodyHereError
        return verb(session, actor, *args, **kwargs)

    try:
        return await _in_worker(run)
    except _NobodyHereError as gone:
        _leave()
        return gone
    except Refusal as refusal:
        return refusal


async def carry(verb: Callable[Concatenate[Database, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T | Refusal:
    """Run a verb that opens transactions of its own, in a worker thread: long work that outlives the page.

    Returns what `attempt` would.
    """
    visit: Visit = context.client.storage[VISIT]
    actor = await _in_worker(lambda session: auth.resolve(session, visit.token, visit.address)) if visit.token else None
    if actor is None:
        _leave()
        return _NobodyHereError()
    language = labels.page_language()

    def work() -> T:
        i18n.language.set(language)
        return verb(get_database(), actor, *args, **kwargs)

    try:
        return await to_thread.run_sync(work)
    except Refusal as refusal:
        return refusal


async def act(verb: Callable[Concatenate[Session, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Run a verb as `attempt` does and show its refusal; None means that it was refused."""
    outcome = await attempt(verb, *args, **kwargs)
    if not isinstance(outcome, Refusal):
        return outcome
    if not isinstance(outcome, _NobodyHereError):
        toasts.refused(sentence_of(outcome))
    return None


async def read(query: Callable[Concatenate[Session, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Run a read through the same door: same session check, same worker thread, its refusal shown."""
    return await act(query, *args, **kwargs)


async def survey(query: Callable[Concatenate[Session, Actor, P], T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Run a read over very many rows: it may last longer than what a page usually asks, and the page waits beside it.

    Its refusal is shown; None means that it was refused.
    """

    def run(database: Database, actor: Actor) -> T:
        with database.transaction(statement_timeout_ms=SURVEY_MS) as session:
            return query(session, actor, *args, **kwargs)

    outcome = await carry(run)
    if not isinstance(outcome, Refusal):
        return outcome
    if not isinstance(outcome, _NobodyHereError):
        toasts.refused(sentence_of(outcome))
    return None


async def enter(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T | Refusal:
    """Run a verb before anybody is known: signing in, asking for a code."""
    try:
        return await _in_worker(lambda session: verb(session, *args, **kwargs))
    except Refusal as refusal:
        return refusal


def sentence_of(refusal: Refusal) -> str:
    """Return a refusal's sentence in the language of this page."""
    return t(refusal.sentence).format_map(refusal.data)


async def sign_out() -> None:
    """End the session of this browser and go to the sign-in page."""
    await enter(auth.end, auth.token())
    auth.forget()
    ui.navigate.to(auth.SIGN_IN)


def install(server: FastAPI) -> None:
    """Put the console on `server`: its looks, its pages, its live news. Call it last: it answers every path left."""
    from ui import pages

    pages.load()
    settings = get_settings()
    theme.install(server)
    app.version = server.version  # what the page of health says; the toolkit has none of ours
    is_development = settings.environment is Environment.DEVELOPMENT
    for page in SCREENS.values():
        if is_development or not page.in_development_only:
            _register(page)
    app.on_startup(live.hub.start)
    app.on_shutdown(live.hub.stop)
    app.on_page_exception(_draw_failure)
    ui.run_with(
        server,
        root=_draw_nowhere,
        title=settings.app_name,
        favicon=theme.ASSETS / "favicon.svg",
        dark=None,
        language="fr",
        tailwind=False,
        storage_secret=settings.secret_key.get_secret_value(),
        session_middleware_kwargs={"same_site": "lax", "https_only": settings.public_base_url.startswith("https:")},
        reconnect_timeout=RECONNECT_S,
        show_welcome_message=False,
    )


class _NobodyHereError(NotSignedIn):
    """The browser's own session is over; a wrong password, which is `NotSignedIn` too, is not this."""


async def _in_worker(run: Callable[[Session], T]) -> T:
    language = labels.page_language()

    def work() -> T:
        i18n.language.set(language)  # the worker runs in a copy of this context
        with get_database().transaction() as session:
            return run(session)

    return await to_thread.run_sync(work)


def _leave() -> None:
    auth.forget()
    if not context.client.is_deleted:
        ui.navigate.to(f"{auth.SIGN_IN}?retour={quote(context.client.request.url.path)}")


def _register(page: Screen) -> None:
    @wraps(page.build)
    async def draw(request: Request, **arguments: Any) -> Response | None:
        return await _draw(page, request, arguments)

    asked = [name for name in inspect.signature(page.build).parameters.values() if name.name != "request"]
    first = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
    draw.__signature__ = inspect.Signature([first, *asked])  # type: ignore[attr-defined]
    draw.__module__ = "palabre.screens"  # NiceGUI's test kit unloads the module of every page; ours register anew
    ui.page(page.path, title=page.title, response_timeout=BUILD_TIMEOUT_S)(draw)


async def _draw(page: Screen, request: Request, arguments: dict[str, Any]) -> Response | None:
    if page.is_open:
        _open_visit(Visit(None, "", auth.address()))
        _name(page)
        await _build(page, arguments)
        return None
    visit, standing = await _arrive()
    if visit.actor is None:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{auth.SIGN_IN}?retour={quote(wanted)}")
    _open_visit(visit)
    _name(page)
    if visit.actor.must_change_password or page.path == auth.CHANGE_PASSWORD:
        return await _draw_password_change(page, request, arguments)
    with frame.frame(visit.actor, _sections(visit.actor), standing, request.url.path, DOORS) as main:
        try:
            if page.needs is not None:
                visit.actor.require(page.needs)
            await _build(page, arguments)
        except Refusal as refusal:
            main.clear()
            with main:
                _draw_refusal(refusal)
    return None


async def _draw_password_change(page: Screen, request: Request, arguments: dict[str, Any]) -> Response | None:
    """Draw the one page a temporary password opens, without a frame; every other page leads to it."""
    if request.url.path != auth.CHANGE_PASSWORD:
        return RedirectResponse(auth.CHANGE_PASSWORD)
    await _build(page, arguments)
    return None


def _name(page: Screen) -> None:
    ui.page_title(f"{t(page.title)} · {get_settings().app_name}")


async def _build(page: Screen, arguments: dict[str, Any]) -> None:
    outcome = page.build(**arguments)
    if inspect.isawaitable(outcome):
        await outcome


async def _arrive() -> tuple[Visit, navigation.Standing]:
    token, address = auth.token(), auth.address()

    def look(session: Session) -> tuple[Actor | None, navigation.Standing]:
        actor = auth.resolve(session, token, address)
        if actor is None:
            return None, navigation.NOTHING
        return actor, navigation.standing(session, actor, _sections(actor))

    actor, standing = await _in_worker(look) if token else (None, navigation.NOTHING)
    return Visit(actor, token, address), standing


def _open_visit(visit: Visit) -> None:
    client = context.client
    client.storage[VISIT] = visit
    client.storage[labels.LANGUAGE] = auth.language_of(visit.actor)
    theme.apply(labels.page_language())
    client.on_exception(_say_failure)


def _sections(actor: Actor) -> list[navigation.Section]:
    return navigation.sections_for(actor, tuple(SCREENS))


async def _choose_language(language: str) -> None:
    auth.choose_language(language)
    ui.navigate.reload()


DOORS = frame.Doors(read, _choose_language, sign_out)


def _draw_refusal(refusal: Refusal) -> None:
    context.client.status_code = refusal.status
    sign = "lock" if isinstance(refusal, Forbidden) else "search_off" if isinstance(refusal, NotFound) else "error"
    empty.empty(sentence_of(refusal), icon=sign, action=t("Retour à l'accueil"), href="/")


async def _draw_nowhere(request: Request) -> Response | None:
    nowhere = Screen(request.url.path, "Introuvable", _refuse_nowhere, None, is_open=False, in_development_only=False)
    return await _draw(nowhere, request, {})


def _refuse_nowhere() -> None:
    raise NotFound


def _draw_failure(error: Exception) -> None:
    _log.error("page.failed", error=type(error).__name__)
    theme.apply(labels.page_language())
    with frame.bare():
        sentence = t("Une erreur est survenue. Elle est notée ; réessayez dans un instant.")
        empty.empty(sentence, icon="error", action=t("Retour à l'accueil"), href="/")


def _say_failure() -> None:
    toasts.refused(t("Une erreur est survenue. Elle est notée ; réessayez dans un instant."))
