"""Logs: one JSON object a line, masked, in a file that turns over by size and by day, and on the console.

Every record passes here, ours and the libraries', so nothing is written unmasked. What a door binds with
`structlog.contextvars`, the request's id above all, stands in every record of that request.
"""

import logging
import os
import sys
from datetime import UTC, date, datetime, timedelta
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.types import EventDict, Processor

from core import clock
from core.masking import mask
from core.settings import Settings

LARGEST_FILE_BYTES = 20_000_000
FILES_KEPT = 14
LONGEST_KEPT = timedelta(days=30)
QUIET_LIBRARIES = (
    "alembic.runtime.plugins",
    "httpx",
    "httpcore",
    "apscheduler",
    "watchfiles",
    "asyncio",
    "engineio",
    "socketio",
)
UNTOUCHED = frozenset({"level", "logger", "timestamp"})


def configure(settings: Settings, name: str = "palabre", *, has_console: bool = True) -> None:
    """Send all records of this process to `<log_dir>/<name>.log` and the console; call it once, at the start."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        _mask,
        _add_time,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = _OnceFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    folder = settings.log_dir or settings.data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    consoles: list[logging.Handler] = [logging.StreamHandler(sys.stderr)] if has_console else []
    for handler in [DailyFile(folder / f"{name}.log"), *consoles]:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(settings.log_level)
    _take_over_libraries()


class _OnceFormatter(structlog.stdlib.ProcessorFormatter):
    """Writes a record once: the console, the file and the file's question whether it is full get the same line."""

    def format(self, record: logging.LogRecord) -> str:
        line: str | None = record.__dict__.get("palabre_line")
        if line is None:
            line = record.__dict__["palabre_line"] = super().format(record)
        return line


class DailyFile(RotatingFileHandler):
    """A log file that turns over when it is large or of another day; old ones go by number and by age."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LARGEST_FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True)
        self._path = path
        self._day = _day_of(path) if path.exists() else clock.today()

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802  # the standard library's name
        """Say whether `record` opens a new file."""
        is_other_day = self._day != clock.now().date() and self._path.exists()
        if self.stream is None:
            return is_other_day or bool(super().shouldRollover(record))
        # The library's own question looks the path up and seeks, at every line.
        line_bytes = len(self.format(record).encode("utf-8", "replace")) + 1
        return is_other_day or os.fstat(self.stream.fileno()).st_size + line_bytes > self.maxBytes

    def doRollover(self) -> None:  # noqa: N802  # the standard library's name
        """Begin a new file and remove those that are too old."""
        super().doRollover()
        self._day = clock.today()
        for old in self._path.parent.glob(f"{self._path.name}.*"):
            if _day_of(old) < self._day - LONGEST_KEPT:
                old.unlink(missing_ok=True)


def _day_of(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def _take_over_libraries() -> None:
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    access = logging.getLogger("uvicorn.access")  # it writes whole addresses, with their queries: ours replaces it
    access.handlers.clear()
    access.propagate = False
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


def _mask(_logger: Any, _method: str, event: EventDict) -> EventDict:
    kept = {key: value for key, value in event.items() if key in UNTOUCHED or key.startswith("_")}
    return {**mask({key: value for key, value in event.items() if key not in kept}), **kept}


def _add_time(_logger: Any, _method: str, event: EventDict) -> EventDict:
    event["timestamp"] = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event
