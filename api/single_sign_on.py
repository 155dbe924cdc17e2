"""The browser's way to the organisation's identity provider and back; it ends with the console's cookie."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.deps import CONSOLE_COOKIE, Anybody
from core.database import get_database
from core.settings import get_settings
from services import users
from services.users.consoles import LONGEST_LIFE
from services.users.single_sign_on import RETURN_PATH, TICKET_LIFE

START_PATH = "/connexion/oidc"
TICKET_COOKIE = "palabre_oidc"

router = APIRouter(tags=["console"], include_in_schema=False)


@router.get(START_PATH)
def start() -> Response:
    """Send the browser to the issuer, with a ticket that only it brings back."""
    departure = users.begin_single_sign_on()
    response = RedirectResponse(departure.url, 303, {"Cache-Control": "no-store"})
    _set_cookie(response, TICKET_COOKIE, departure.ticket, TICKET_LIFE.total_seconds(), RETURN_PATH)
    return response


@router.get(RETURN_PATH)
def come_back(
    request: Request,
    door: Anybody,
    code: Annotated[str, Query(max_length=4096)] = "",
    state: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Open a console session for whom the issuer proved."""
    order = users.SingleSignOn(code=code, state=state, ticket=request.cookies.get(TICKET_COOKIE, ""))
    identity = users.exchange_code(order)
    with get_database().transaction() as session:
        signed = users.sign_in_single_sign_on(session, identity, door.actor.address, door.agent)
    response = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
    response.delete_cookie(TICKET_COOKIE, path=RETURN_PATH)
    set_console_cookie(response, signed.token)
    return response


def set_console_cookie(response: Response, token: str) -> None:
    """Give a browser its console session, out of reach of any script."""
    _set_cookie(response, CONSOLE_COOKIE, token, LONGEST_LIFE.total_seconds(), "/")


def _set_cookie(response: Response, name: str, value: str, life_s: float, path: str) -> None:
    is_secure = get_settings().public_base_url.startswith("https:")
    response.set_cookie(name, value, int(life_s), path=path, secure=is_secure, httponly=True, samesite="lax")
