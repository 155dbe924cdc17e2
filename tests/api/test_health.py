import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import health
from core import database as databases
from core.database import Database, use_database
from core.settings import get_settings

FULL = {"status": "healthy", "service": "Palabre", "version": "9.8.7", "environment": "test", "database": "ok"}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setattr(health, "_probe", health.Probe())
    app = FastAPI(redirect_slashes=False, version="9.8.7")
    app.include_router(health.router)
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, client=("127.0.0.1", 50_000))


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A database that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def _no_database() -> Iterator[None]:
    yield
    databases.get_database().dispose()
    databases._current = None


def point_at(port: int) -> None:
    use_database(f"postgresql://palabre@127.0.0.1:{port}/palabre")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_a_healthy_service_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, FULL)


@pytest.mark.usefixtures("_no_database")
def test_without_a_database_it_is_degraded_and_alive(client: TestClient) -> None:
    point_at(1)
    began = time.monotonic()
    answer = client.get("/health")
    assert time.monotonic() - began < 2
    assert answer.status_code == 503
    assert answer.json() == {**FULL, "status": "degraded", "database": "unavailable"}
    ready = client.get("/health/ready/")
    assert ready.status_code == 503
    assert ready.json() == {"status": "not_ready", "database": "unavailable", "migrations": "unknown"}
    for path in ("/health/live", "/health/live/"):
        assert (client.get(path).status_code, client.get(path).json()) == (200, {"status": "alive"})


@pytest.mark.usefixtures("_no_database")
async def test_a_database_that_hangs_takes_one_connection_and_nobodys_time(app: FastAPI, deaf_port: int) -> None:
    point_at(deaf_port)
    threads = threading.active_count()
    began = time.monotonic()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answers = await asyncio.gather(*(client.get("/health") for _ in range(60)))
        elapsed_s = time.monotonic() - began
        assert (await client.get("/health/live")).status_code == 200
    assert {answer.status_code for answer in answers} == {503}
    assert elapsed_s < 2
    assert threading.active_count() <= threads + 1
    # Sixty people asked one question: none stands in a queue behind it.
    assert health._probe._thread._work_queue.qsize() == 0


def test_the_database_is_found_again_after_its_fall(client: TestClient, database: Database) -> None:
    assert client.get("/health").status_code == 200
    with psycopg.connect(database.url, autocommit=True) as connection:
        killed = connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'palabre-health' and datname = current_database()"
        ).fetchall()
    assert killed == [(True,)]
    assert client.get("/health").json() == FULL


def test_the_probe_never_takes_from_the_pool(client: TestClient, database: Database) -> None:
    starved = use_database(database.url, pool_size=1)
    with starved.engine.connect():
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/health/ready", "/health/ready/"])
def test_it_is_ready_at_the_newest_migrations_only(client: TestClient, own_database: Database, path: str) -> None:
    ready = client.get(path)
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    with psycopg.connect(own_database.url) as connection:
        connection.execute("update alembic_version set version_num = '0001_ground'")
    behind = client.get(path)
    assert behind.status_code == 503
    assert behind.json() == {"status": "not_ready", "database": "ok", "migrations": "behind"}


def test_an_empty_database_is_not_ready(client: TestClient, empty_database_url: str) -> None:
    use_database(empty_database_url)
    try:
        assert client.get("/health").status_code == 200
        assert client.get("/health/ready").json()["migrations"] == "behind"
    finally:
        databases.get_database().dispose()
        databases._current = None


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
def test_figures_are_for_this_machine(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "ussd_requests_total" in answer.text or "# TYPE ussd_requests" in answer.text


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("198.51.100.9", {}, 200),
        # Nobody becomes loopback by saying so, nor through a proxy that nobody declared.
        ("192.0.2.7", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 403),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 403),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.9"}, 200),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.9, 192.0.2.7"}, 403),
    ],
)
def test_who_may_read_the_figures(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, peer: str, headers: dict[str, str], status: int
) -> None:
    monkeypatch.setattr(get_settings(), "metrics_allowed_ips", [ip_network("198.51.100.0/24")])
    monkeypatch.setattr(get_settings(), "trusted_proxies", [ip_network("10.0.0.0/8")])
    answer = TestClient(app, client=(peer, 50_000)).get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json() == {"detail": "Access denied"}
