"""Who asks, from where, in which language; and the door through which an endpoint calls its verb."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from core import addresses, i18n
from core.database import Session, get_database
from core.errors import InvalidInput, NotSignedIn, Refusal
from core.i18n import t
from core.permissions import Actor
from core.settings import Environment, get_settings
from services import api_keys, idempotency, users
from services.idempotency import Claim, StoredAnswer

T = TypeVar("T")

CONSOLE_COOKIE = "palabre_session"
CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_KEY = re.compile(r"[\x20-\x7e]{1,80}")


def client_address(request: Request) -> str:
    """Return the client's address, by `X-Forwarded-For` behind declared proxies only."""
    forwarded_for = ",".join(request.headers.getlist("x-forwarded-for"))
    peer = request.client.host if request.client else ""
    return addresses.client_address(peer, forwarded_for, get_settings().trusted_proxies)


async def any_actor(request: Request) -> Actor:
    """Return who asks, even one who has only a temporary password; refuse with `NotSignedIn`."""
    actor = await run_in_threadpool(read_proof, request)
    i18n.language.set(actor.language if actor.language in i18n.LANGUAGES else i18n.language.get())
    return actor


async def current_actor(actor: Annotated[Actor, Depends(any_actor)]) -> Actor:
    """Return who asks; a temporary password opens nothing here."""
    if actor.must_change_password:
        raise users.PasswordToChange
    return actor


async def ussd_reader(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
    """Return who reads the USSD figures; a key also needs an allowed address."""
    if actor.api_key_id and not addresses.is_allowed(client_address(request), get_settings().allowed_ips):
        raise users.AccessDenied
    return actor


async def documentation_reader(request: Request) -> None:
    """Let anybody read the documentation in development, and the signed-in elsewhere."""
    if get_settings().environment is not Environment.DEVELOPMENT:
        await current_actor(await any_actor(request))


def read_proof(request: Request) -> Actor:
    """Return whose the proof is that came, as of now: a bearer token, a key, or on reads the console's cookie."""
    address = client_address(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    key = request.headers.get("x-api-key")
    cookie = request.cookies.get(CONSOLE_COOKIE) if request.method in {"GET", "HEAD"} else None
    with get_database().transaction() as session:
        if kind.lower() == "bearer":
            return users.actor_of_access_token(session, token.strip(), address)
        if key:
            return api_keys.actor_of_key(session, key, address)
        actor = users.actor_of_console_session(session, cookie, address) if cookie else None
    if actor is None:
        raise NotSignedIn
    return actor


@dataclass(frozen=True, slots=True)
class Door:
    """One request: who asks, and the key under which its answer is kept."""

    actor: Actor
    agent: str = ""
    key: str | None = None
    content: bytes = b""

    @property
    def caller(self) -> str:
        """Return in whose name keys are kept apart."""
        if self.actor.user_id:
            return f"user:{self.actor.user_id}"
        return f"key:{self.actor.api_key_id}" if self.actor.api_key_id else f"address:{self.actor.address}"

    def answer(
        self,
        verb: Callable[[Session], T],
        shape: Callable[[T], Any],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        statement_timeout_ms: int | None = None,
    ) -> Response:
        """Run a verb in one transaction and answer its shaped result; a known `Idempotency-Key` answers as before."""
        if self.key is None:
            with get_database().transaction(statement_timeout_ms=statement_timeout_ms) as session:
                return _response(status, shape(verb(session)), headers)
        claimed: Claim | StoredAnswer | None = None
        try:
            with get_database().transaction(statement_timeout_ms=statement_timeout_ms) as session:
                claimed = idempotency.claim(session, self.caller, self.key, self.content)
                if isinstance(claimed, StoredAnswer):
                    return _replayed(claimed)
                response = _response(status, shape(verb(session)), headers)
                idempotency.keep_answer(session, claimed, status, bytes(response.body))
                return response
        except Refusal:
            self._release(claimed)
            raise

    def answer_long(self, act: Callable[[], T], shape: Callable[[T], Any]) -> Response:
        """Answer an act that opens its own transactions: its key is taken before it and its answer kept after.

        A process that dies in between leaves the key to whoever asks again.
        """
        if self.key is None:
            return _response(200, shape(act()), None)
        with idempotency.alone(get_database(), self.caller, self.key):
            with get_database().transaction() as session:
                claimed = idempotency.claim(session, self.caller, self.key, self.content, timedelta())
            if isinstance(claimed, StoredAnswer):
                return _replayed(claimed)
            try:
                response = _response(200, shape(act()), None)
            except BaseException:
                self._release(claimed)
                raise
            with get_database().transaction() as session:
                idempotency.keep_answer(session, claimed, response.status_code, bytes(response.body))
            return response

    @staticmethod
    def _release(claimed: Claim | StoredAnswer | None) -> None:
        if isinstance(claimed, Claim):
            with get_database().transaction() as session:
                idempotency.release(session, claimed)


async def open_door(request: Request) -> Door:
    """Give the door to anybody."""
    nobody = Actor(user_id=None, name="", language=i18n.language.get(), address=client_address(request))
    return await _door(request, nobody)


async def signed_in_door(request: Request, actor: Annotated[Actor, Depends(current_actor)]) -> Door:
    """Give the door to who is signed in."""
    return await _door(request, actor)


async def any_password_door(request: Request, actor: Annotated[Actor, Depends(any_actor)]) -> Door:
    """Give the door to who is signed in, be it with a temporary password."""
    return await _door(request, actor)


Anybody = Annotated[Door, Depends(open_door)]
SignedIn = Annotated[Door, Depends(signed_in_door)]
AnyPassword = Annotated[Door, Depends(any_password_door)]


async def _door(request: Request, actor: Actor) -> Door:
    door = Door(actor, request.headers.get("user-agent", ""))
    key = idempotency_key(request)
    if key is None or request.method not in CHANGING_METHODS:
        return door
    content = idempotency.digest_content(request.method, request.url.path, request.url.query, await request.body())
    return replace(door, key=key, content=content)


def idempotency_key(request: Request) -> str | None:
    """Return the key of a request, if it has one."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidInput({"Idempotency-Key": t("1 à 80 caractères simples")})
    return key


def _response(status: int, content: Any, headers: Mapping[str, str] | None) -> Response:
    if status == 204:  # noqa: PLR2004  # HTTP's own number: no content
        return Response(status_code=status, headers=headers)
    return JSONResponse(content, status, headers)


def _replayed(stored: StoredAnswer) -> Response:
    media_type = "application/json" if stored.body else None
    return Response(stored.body, stored.status, {"Idempotency-Replayed": "true"}, media_type)
