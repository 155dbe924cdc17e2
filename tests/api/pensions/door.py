"""A process of its own that serves our doors: `python -m tests.api.pensions.door URL FD`."""

import socket
import sys

import uvicorn

import main
from core import live
from core.database import use_database


def serve(url: str, descriptor: str) -> None:
    """Answer on a socket that the caller opened, until killed."""
    use_database(url, 10)
    live.start()
    config = uvicorn.Config(main.create_doors(), log_config=None, access_log=False, ws="none", backlog=1024)
    with socket.socket(fileno=int(descriptor)) as listener:
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    serve(*sys.argv[1:])
