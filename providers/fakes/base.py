"""What a fake is made of: its routes, each a plain function from a `Call` to an answer, and the words it says."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from providers.answers import SeenState
from providers.fakes.behaviour import CODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from providers.fakes.kernel import Kernel, Payment


class Fault(Exception):  # noqa: N818  # a behaviour, not an error of ours
    """What the fake does instead of answering properly; the server turns it into sockets and statuses."""


class Dropped(Fault):
    """The connection is closed without an answer."""


class Hung(Fault):
    """The connection is kept and never answered."""


@dataclass(eq=False)
class Answers(Fault):
    """An answer that is not the documented one: a status, or a page where JSON is due."""

    status: int
    is_html: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a fake reads it. Header names are lower case; `root` is the fake's own address."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    root: str

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object; empty when it is anything else."""
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def form(self) -> dict[str, str]:
        """Return the body as a form; of a field that comes twice, the last."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def bearer(self) -> str:
        """Return the token of `Authorization: Bearer …`, or nothing."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value if scheme.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A callback ready to be sent."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


class Fake:
    """One provider on loopback, in its real wire format. It keeps nothing itself: payments live in the kernel.

    `name` is the path it is mounted under, and the adapter's name. `cannot_show` are the codes its wire format has no
    words for: such an order goes well. `codes` are those the control API may queue for it.
    """

    name: str
    cannot_show: frozenset[str] = frozenset()
    codes: Collection[str] = CODES

    def routes(self, kernel: "Kernel") -> list[Route]:
        """Return its routes, made with `route`."""
        raise NotImplementedError

    def notice(self, kernel: "Kernel", payment: "Payment", says: SeenState, *, is_forged: bool) -> Notice | None:  # noqa: ARG002
        """Return the callback that says `says` of a payment, badly signed if `is_forged`; None where it sends none."""
        return None

    def refusal(self, status: int) -> Response:
        """Return this provider's way to say 401, 403, 429 or 500."""
        return JSONResponse({"code": str(status), "message": "refused"}, status)

    def base_url(self, root: str) -> str:
        """Return the address an account of this fake has, the server of fakes being at `root`."""
        return f"{root}/{self.name}"

    def start(self, kernel: "Kernel") -> None:
        """Start what is not HTTP (a mail server); called once, before the first request."""

    def stop(self) -> None:
        """Stop what `start` started."""

    def reset(self) -> None:
        """Forget what the fake itself keeps, if anything; the kernel has forgotten already."""


def route(path: str, handler: "Callable[[Call], Response | dict[str, Any]]", *methods: str) -> Route:
    """Return a route that runs a plain function beside the event loop, so that it may wait or write to a socket."""

    async def endpoint(request: Request) -> Response:
        call = Call(
            method=request.method,
            path=request.url.path,
            params={name: str(value) for name, value in request.path_params.items()},
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=await request.body(),
            root=f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}",
        )
        answer = await run_in_threadpool(handler, call)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return Route(path, endpoint, methods=list(methods) or ["POST"])
