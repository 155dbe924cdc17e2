"""The gateways' door and those of the operators, with nothing else around them."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import errors, payments, ussd
from core.database import Database
from tests.providers.conftest import _fake_server, fakes

__all__ = ["_fake_server", "fakes"]
from services.inbound import keeping, receiving


@pytest.fixture
def gateway(database: Database) -> Iterator[TestClient]:
    """Give the door of the gateways, on this test's database."""
    assert database.engine
    app = FastAPI(redirect_slashes=False)
    app.include_router(ussd.router)
    with TestClient(app, client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.fixture
def doors(database: Database) -> Iterator[TestClient]:
    """Give the doors of the operators, nobody counted yet."""
    assert database.engine
    receiving.unsigned.forget()
    keeping.refused.forget()
    app = FastAPI(redirect_slashes=False)
    errors.install(app)
    app.include_router(payments.router)
    errors.refuse_unknown(app)
    with TestClient(app, client=("198.51.100.7", 50_000), raise_server_exceptions=False) as client:
        yield client
