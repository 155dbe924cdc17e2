"""The gateways' door, with nothing else around it."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import ussd
from core.database import Database


@pytest.fixture
def gateway(database: Database) -> Iterator[TestClient]:
    """Give the door of the gateways, on this test's database."""
    assert database.engine
    app = FastAPI(redirect_slashes=False)
    app.include_router(ussd.router)
    with TestClient(app, client=("127.0.0.1", 50_000)) as client:
        yield client
