"""The fakes of an installation: on in development, at a port that stays, never beside a live account."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from core.database import Database
from core.permissions import SYSTEM
from core.settings import Settings
from jobs import fakes
from models.transfers import ProviderAccount
from providers.fakes.place import address, kept_port
from providers.registry import ADAPTERS
from providers.wire import Answered, Wire
from services import provider_accounts
from services.provider_accounts import CreateAccount


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    yield
    fakes.stop()


def read(folder: Path, **values: Any) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **{"environment": "development", **values})


def states(database: Database) -> dict[str, str]:
    with database.transaction() as session:
        return {row.code: row.state for row in session.exec(select(ProviderAccount))}


def test_in_development_they_run_and_every_adapter_has_an_account(database: Database, tmp_path: Path) -> None:
    settings = read(tmp_path)
    server = fakes.start(settings, database)
    assert server is not None
    assert fakes.running() is server
    assert address(settings) == server.url
    answer = Wire().call("book", "GET", f"{server.url}/_fake/book")
    assert isinstance(answer, Answered)
    assert answer.document()["book"] == []
    with database.transaction() as session:
        views = provider_accounts.views_of(session, ADAPTERS)
    assert {view.adapter for view in views} == set(ADAPTERS)
    for view in views:
        assert ADAPTERS[view.adapter].probe(view, Wire()), view.code
    assert fakes.start(settings, database) is server


def test_their_port_stays_from_one_start_to_the_next(database: Database, tmp_path: Path) -> None:
    settings = read(tmp_path)
    first = fakes.start(settings, database)
    assert first is not None
    fakes.stop()
    assert fakes.running() is None
    second = fakes.start(settings, database)
    assert second is not None
    assert second.port == first.port == kept_port(tmp_path)


@pytest.mark.parametrize("values", [{"fakes": "off"}, {"environment": "test"}])
def test_elsewhere_they_are_off_and_their_accounts_rest(
    database: Database, tmp_path: Path, values: dict[str, Any]
) -> None:
    assert fakes.start(read(tmp_path), database) is not None
    fakes.stop()
    off = read(tmp_path, **values)
    assert fakes.start(off, database) is None
    assert set(states(database).values()) == {"paused"}
    assert address(off) == ""


def test_on_wins_over_the_environment(tmp_path: Path) -> None:
    assert read(tmp_path, environment="test", fakes="on").wants_fakes
    assert not read(tmp_path, environment="test").wants_fakes


def test_they_never_run_beside_a_live_account(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        order = CreateAccount(
            code="pawapay",
            label="pawaPay",
            adapter="pawapay",
            environment="live",
            base_url="https://api.pawapay.io",
            secrets={"api_token": "un-jeton-bien-secret"},
        )
        row = provider_accounts.create_account(session, SYSTEM, order)
        provider_accounts.resume_account(session, SYSTEM, row.id)
    assert fakes.start(read(tmp_path, fakes="on"), database) is None
    assert states(database) == {"pawapay": "active"}


def test_callbacks_go_to_this_machine_whatever_our_public_address(tmp_path: Path) -> None:
    inside = fakes.callback_addresses(read(tmp_path, port=8123))
    outside = fakes.callback_addresses(read(tmp_path, port=8123, public_base_url="https://palabre.example"))
    assert inside == outside
    assert inside["wave"] == "http://127.0.0.1:8123/api/v1/payments/callback/wave"
