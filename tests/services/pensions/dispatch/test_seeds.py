"""The environment names the adapter once; the console has the last word."""

from typing import Any

from core.database import Database, fetch_all
from core.settings import Settings
from services import provider_seeds
from services.pensions.dispatch import rails
from services.pensions.dispatch.rails import Rail


def seeded(database: Database, **variables: Any) -> list[Rail]:
    with database.transaction() as session:
        provider_seeds.seed_environment(session, Settings(**variables))
        return rails.list_rails(session)


def test_the_variables_of_the_document_make_the_rail_of_pensions(database: Database) -> None:
    (rail,) = seeded(
        database,
        scheme_adapter_url="http://127.0.0.1:4001",
        mojaloop_mode="two_step",
        mojaloop_concurrency=25,
        mojaloop_rate=150,
        mojaloop_read_timeout_s=60,
        mojaloop_dfsp_path="/cnssbj",
        mojaloop_probe_id="22900000001",
    )
    assert (rail.code, rail.base_url, rail.mode, rail.path) == (
        "mojaloop",
        "http://127.0.0.1:4001",
        "two_step",
        "/cnssbj",
    )
    assert (rail.concurrency, rail.rate_per_s, rail.write_timeout_s, rail.expiry_s) == (25, 150, 60, 60)
    assert rail.probe_party is not None
    assert rail.probe_party.identifier == "+22900000001"
    assert rail.lease.total_seconds() == 140
    assert rail.is_active
    assert not rail.is_ready  # nothing is proven of it

    (again,) = seeded(database, scheme_adapter_url="http://127.0.0.1:5001", mojaloop_concurrency=99)
    assert (again.base_url, again.concurrency) == ("http://127.0.0.1:4001", 25)


def test_the_older_name_of_the_variable_works_and_the_documents_wins(database: Database) -> None:
    settings = Settings(mojaloop_url="http://127.0.0.1:4002")
    assert settings.scheme_adapter_url == "http://127.0.0.1:4002"
    both = Settings(scheme_adapter_url="http://127.0.0.1:4001", mojaloop_url="http://127.0.0.1:4002")
    assert both.scheme_adapter_url == "http://127.0.0.1:4001"
    assert "MOJALOOP_URL diffère de SCHEME_ADAPTER_URL, qui l'emporte" in both.notices
    (rail,) = seeded(database, mojaloop_url="http://127.0.0.1:4002")
    assert rail.base_url == "http://127.0.0.1:4002"


def test_an_adapter_on_the_open_internet_without_encryption_is_no_account(database: Database) -> None:
    assert seeded(database, scheme_adapter_url="http://93.184.216.34:4001") == []
    with database.transaction() as session:
        assert fetch_all(session, "select code from provider_account") == []
