"""Serving: a person starts it, machines kill it, nothing committed is lost."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from commands.serve import PortTaken, listen
from core.embedded_postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="palabre-serve-"))
    folder.chmod(0o755)
    yield folder
    left = EmbeddedPostgres(folder)
    left.start()
    left.stop()
    shutil.rmtree(folder)


@contextlib.contextmanager
def served(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start `serve` on a free port and yield it with its address once it says so."""
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "main.py", "serve"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(data_dir), "PORT": str(port), "ENVIRONMENT": "development"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield server, server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def test_it_answers_then_stops_in_order_with_its_database(data_dir: Path) -> None:
    with served(data_dir) as (server, url):
        with urlopen(f"{url}/health") as answer:  # noqa: S310
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
    assert not list(data_dir.glob("pg*/data/postmaster.pid"))


def test_after_kill_9_of_everything_it_starts_again_with_every_row(data_dir: Path) -> None:
    with served(data_dir) as (server, _url):
        embedded = EmbeddedPostgres(data_dir)
        with psycopg.connect(embedded.start()) as connection:
            connection.execute("create table kept as select 7 as number")
        postmaster = embedded.read_pid()
        assert postmaster is not None
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        server.kill()
        server.wait()
        for process in (postmaster, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    with served(data_dir) as (_server, url):
        with urlopen(f"{url}/health") as answer:  # noqa: S310
            assert answer.status == 200
        with psycopg.connect(embedded.start()) as connection:
            assert connection.execute("select number from kept").fetchone() == (7,)
        embedded.stop()


def test_a_taken_port_is_said_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken, match="occupé"):
            listen("127.0.0.1", taken.getsockname()[1])
