"""`./dev serve`: answer HTTP until told to stop."""

import contextlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import Unavailable
from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

GRACE_S = 10
QUEUE_LENGTH = 2048


class PortTaken(Unavailable):
    """Somebody else listens there."""

    code = "port_occupe"
    sentence = "Le port {port} est occupé : choisissez-en un autre par PORT=…"


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("serve", help=t("servir, sans données de démonstration"))
    parser.add_argument("--fd", type=int, metavar="N", help=t("servir sur une prise que l'appelant tient déjà ouverte"))
    parser.set_defaults(command=lambda arguments: serve(lambda url: print(url, flush=True), arguments.fd))


def serve(announce: Callable[[str], None], descriptor: int | None = None) -> int:
    """Serve the application on the address of the settings, or on the listening socket `descriptor` of the caller.

    `announce` is called with the URL once it answers. SIGTERM and SIGINT end it in order: open requests are answered,
    then the database is left.
    """
    import uvicorn

    from core.settings import get_settings
    from services.ciu.store.keys import check_settings

    settings = get_settings()
    check_settings(settings)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            announce(settings.public_base_url)

    config = uvicorn.Config(
        "main:create_app",
        factory=True,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # who the client is, behind which proxy, is the application's own rule
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = Server(config)
    place = listen(settings.host, settings.port) if descriptor is None else socket.socket(fileno=descriptor)
    with place as listener, contextlib.suppress(KeyboardInterrupt, SystemExit):
        server.run(sockets=[listener])
    return 0 if server.started else 1


def listen(host: str, port: int) -> socket.socket:
    """Return a socket listening there, or refuse with `PortTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(port=port) from error
    listener.listen(QUEUE_LENGTH)
    return listener
