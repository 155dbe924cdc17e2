"""`/health`, `/health/live`, `/health/ready`, `/metrics`: for load balancers and for Prometheus.

The database is asked on a connection and a thread of its own, one question at a time whoever waits for the answer: a
database that hangs takes neither the pool nor the threads of the other doors.
"""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_network
from threading import Lock
from typing import Any

import anyio
import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from core import addresses, metrics
from core.database import get_database
from core.settings import get_settings
from services.health import heads

ANSWER_WITHIN_S = 1.0
LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1")]

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True)
class Finding:
    """What the database said: whether it answered, and at which migrations it stands."""

    is_up: bool
    revisions: frozenset[str] = frozenset()


DOWN = Finding(is_up=False)


class Probe:
    """Asks the database how it is; those who ask while a question is under way share its answer."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")
        self._connection: psycopg.Connection[Any] | None = None
        self._url = ""
        self._asking: Future[Finding] | None = None
        self._lock = Lock()

    async def ask(self) -> Finding:
        """Return what the database says, or that it is down when it does not say it within a second."""
        with self._lock:
            if self._asking is None or self._asking.done():
                self._asking = self._thread.submit(self._question)
            asking = self._asking
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asking)), ANSWER_WITHIN_S)
        except TimeoutError:
            return DOWN

    def _question(self) -> Finding:
        for _ in range(2):  # a connection kept from before may have died meanwhile: one more, fresh
            was_kept = self._connection is not None
            try:
                return Finding(is_up=True, revisions=self._revisions())
            except (psycopg.Error, OSError):
                self._forget()
                if not was_kept:
                    break
        return DOWN

    def _revisions(self) -> frozenset[str]:
        database = get_database()
        if self._url != database.url:
            self._forget()
        if self._connection is None:
            self._connection, self._url = _connect(database.url), database.url
        if self._connection.execute("select to_regclass('alembic_version')").fetchone() == (None,):
            return frozenset()
        return frozenset(row[0] for row in self._connection.execute("select version_num from alembic_version"))

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _connect(url: str) -> psycopg.Connection[Any]:
    """Connect with limits of the probe's own, so that a line gone dead frees its thread.

    Not under the application's role: the table of migrations is older than that role, which may not read it.
    """
    return psycopg.connect(
        url,
        autocommit=True,
        application_name="palabre-health",
        connect_timeout=2,
        tcp_user_timeout=2_000,
        options="-c statement_timeout=1000",
    )


_probe = Probe()


@router.get("/health", summary="How the service is")
@router.get("/health/", include_in_schema=False)
async def get_health(request: Request) -> JSONResponse:
    """Say whether the service and its database are well: 200 `healthy`, or 503 `degraded`."""
    finding = await _probe.ask()
    settings = get_settings()
    body = {
        "status": "healthy" if finding.is_up else "degraded",
        "service": settings.app_name,
        "version": request.app.version,
        "environment": settings.environment.value,
        "database": "ok" if finding.is_up else "unavailable",
    }
    return JSONResponse(body, status_code=200 if finding.is_up else 503)


@router.get("/health/live", summary="Whether the process lives")
@router.get("/health/live/", include_in_schema=False)
async def get_live() -> dict[str, str]:
    """Answer, whatever the database does."""
    return {"status": "alive"}


@router.get("/health/ready", summary="Whether requests may come")
@router.get("/health/ready/", include_in_schema=False)
async def get_ready() -> JSONResponse:
    """Say whether the database answers and stands at the newest migrations: 200 `ready`, or 503 `not_ready`."""
    finding = await _probe.ask()
    known = await anyio.to_thread.run_sync(heads)
    is_migrated = finding.revisions == known
    body = {
        "status": "ready" if finding.is_up and is_migrated else "not_ready",
        "database": "ok" if finding.is_up else "unavailable",
        "migrations": "ok" if is_migrated else "behind" if finding.is_up else "unknown",
    }
    return JSONResponse(body, status_code=200 if body["status"] == "ready" else 503)


@router.get("/metrics", summary="Figures for Prometheus")
@router.get("/metrics/", include_in_schema=False)
def get_metrics(request: Request) -> Response:
    """Give the process's figures to this machine and to `METRICS_ALLOWED_IPS`; 403 to everybody else."""
    settings = get_settings()
    peer = request.client.host if request.client else ""
    forwarded_for = ",".join(request.headers.getlist("x-forwarded-for"))
    client = addresses.client_address(peer, forwarded_for, settings.trusted_proxies)
    # An undeclared proxy on this machine would make the whole world look like loopback.
    is_undeclared = _is_forwarded(request) and not addresses.is_trusted_proxy(peer, settings.trusted_proxies)
    if is_undeclared or not addresses.is_inside(client, [*LOOPBACK, *settings.metrics_allowed_ips]):
        return JSONResponse({"detail": "Access denied"}, status_code=403)
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)


def _is_forwarded(request: Request) -> bool:
    return "x-forwarded-for" in request.headers or "forwarded" in request.headers
