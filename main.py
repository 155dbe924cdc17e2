"""Builds the process: settings, logs, database, routes, console, scheduler. `python main.py --help` says more."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import structlog
from fastapi import FastAPI

VERSION = "0.1.0"


def create_app() -> FastAPI:
    """Build the whole application; uvicorn calls it once in each process."""
    import ui.shell
    from api import app as api_app
    from commands.migrate import upgrade
    from core import embedded_postgres, listening, live, logs
    from core.database import use_database
    from core.settings import get_settings
    from jobs import fakes, scheduler, workers
    from services import installation
    from services.ciu.store import keys

    settings = get_settings()
    keys.check_settings(settings)
    logs.configure(settings)
    for notice in settings.notices:
        structlog.get_logger(__name__).warning("settings.notice", notice=notice)
    url = embedded_postgres.ensure_running(settings)
    upgrade(url)
    database = use_database(url, settings.database_pool_size)
    with database.transaction() as session:
        keys.check_stored(session, settings)
        installation.install(session, settings)
    fakes.start(settings, database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        live.start()
        scheduler.start()
        workers.start()
        yield
        await anyio.to_thread.run_sync(workers.stop)
        await anyio.to_thread.run_sync(scheduler.stop)
        await anyio.to_thread.run_sync(fakes.stop)
        live.stop()
        listening.stop()
        database.dispose()

    application = api_app.create(settings, lifespan, settings.app_version or VERSION)
    ui.shell.install(application)
    return application


def create_doors() -> FastAPI:
    """Build the HTTP doors alone, on whatever database is current: no console, no worker, no clock."""
    from api import app as api_app
    from core import listening
    from core.settings import get_settings

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        listening.stop()

    settings = get_settings()
    return api_app.create(settings, lifespan, settings.app_version or VERSION)


@contextmanager
def sending_pensions() -> Iterator[None]:
    """Work at pensions alone, beside the processes that serve: no door, no console, no clock."""
    from core import embedded_postgres, live, logs
    from core.database import use_database
    from core.settings import get_settings
    from jobs import pensions, worker

    settings = get_settings()
    logs.configure(settings)
    use_database(embedded_postgres.ensure_running(settings), settings.database_pool_size)
    live.start()
    worker.start(pensions.open_offices(max(settings.pension_workers, 1)))
    try:
        yield
    finally:
        worker.stop()
        pensions.finish()
        live.stop()


if __name__ == "__main__":
    from commands.parser import main

    sys.exit(main(sys.argv[1:]))
