"""A process of its own that answers gateways: `python -m tests.faults.door URL PORT`."""

import sys

import uvicorn
from fastapi import FastAPI

from api import gateways, ussd
from core.database import use_database


def main(url: str, port: str) -> None:
    """Answer on loopback until killed."""
    use_database(url, 4)
    app = FastAPI(redirect_slashes=False)
    app.include_router(ussd.router)
    app.include_router(gateways.router)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
