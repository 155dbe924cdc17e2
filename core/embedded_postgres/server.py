"""The lifecycle of an embedded server.

Processes that use one server share a lock while they live: the first starts it, the last stops it, and what a killed
process leaves running is simply used by the next. The server's own `postmaster.pid` is the only record of where it is.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from core.embedded_postgres.binaries import (
    Account,
    Binaries,
    EmbeddedPostgresError,
    choose_account,
    find_binaries,
    within_reach,
)
from core.i18n import t

START_TIMEOUT_S = 60.0
STALE_RETRY_S = 10.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.1
LONGEST_SOCKET_PATH = 103  # the smallest sun_path among our systems (macOS), less its final zero
CLOSED_ROOT_HOME = Path("/var/lib/palabre")
SUPERUSER = "postgres"
NAME = "palabre"
BUILTIN_LOCALE_MAJOR = 17

SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0700",
    "log_checkpoints": "off",
    "log_min_messages": "log",  # refused statements are ours to log, without the phone numbers in their detail
}


class EmbeddedPostgres:
    """A PostgreSQL of our own under `data_dir`; `with EmbeddedPostgres(data_dir) as url` is its whole use."""

    def __init__(
        self, data_dir: Path, *, settings: Mapping[str, str] | None = None, binaries: Binaries | None = None
    ) -> None:
        self._settings = {**SETTINGS, **(settings or {})}
        self._binaries = binaries or find_binaries()
        self._link = data_dir.absolute() / f"pg{self._binaries.major}"
        self._account: Account | None = None
        self._users: IO[str] | None = None
        self.home = self._link
        self.url = ""

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> str:
        """Return the address of the database `palabre` on a server that answers; called again, it heals a dead one."""
        self._account = choose_account(self._link / "data")
        self.home = _settle(self._link, self._account)
        with _locked(self.home / "lock"):
            if self._users is None:
                self._users = (self.home / "users").open("w")
                fcntl.flock(self._users, fcntl.LOCK_SH)
            if not self._answers():
                self._initialise()
                self._launch()
            self._create_database()
            self.url = self._address(NAME, NAME)
        return self.url

    def stop(self) -> bool:
        """Leave the server and, as its last user, stop it; return whether it was stopped."""
        if self._users is None:
            return False
        with _locked(self.home / "lock"):
            users, self._users = self._users, None
            with users:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
                self._halt()
        return True

    def read_pid(self) -> int | None:
        """Return the process id of the running server, or None; a zombie or another's process is none."""
        lines = self._postmaster()
        return int(lines[0]) if lines and self._is_ours(int(lines[0])) else None

    # Files

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def _postmaster(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _is_ours(self, pid: int) -> bool:
        if Path("/proc/self/cmdline").exists():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_text()
            except OSError:
                return False
        else:
            command = subprocess.run(  # noqa: S603
                ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
            ).stdout
        return str(self._data) in command

    def _address(self, user: str, database: str) -> str:
        lines = self._postmaster()
        port, folder, host = lines[3], lines[4], lines[5]
        place = quote(folder, safe="") if folder else host
        return f"postgresql://{user}:{self._password()}@/{database}?host={place}&port={port}"

    def _password(self) -> str:
        path = self.home / "password"
        if not path.exists():
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(32))
            fresh.rename(path)
        return path.read_text()

    def _give(self, path: Path) -> Path:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)
        return path

    def _folder(self, name: str) -> Path:
        path = self.home / name
        path.mkdir(mode=0o700, exist_ok=True)
        return self._give(path)

    # Server

    @property
    def _identity(self) -> dict[str, Any]:
        return {
            **(self._account.identity if self._account else {}),
            "cwd": "/",  # the account may have no right to the folder we were called from
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
        }

    def _initialise(self) -> None:
        if self._data.exists():
            return
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._folder(fresh.name)
        secret = self.home / "initdb.password"
        secret.touch(mode=0o600)
        secret.write_text(self._password())
        self._give(secret)
        binaries = within_reach(self._binaries, self._account, self.home)
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if binaries.major >= BUILTIN_LOCALE_MAJOR
            else ["--locale-provider=icu", "--icu-locale=und", "--locale=C"]
        )
        command: list[str | Path] = [binaries.folder / "initdb", "-D", fresh, "-U", SUPERUSER, f"--pwfile={secret}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", *locale]
        made = subprocess.run(command, capture_output=True, text=True, check=False, **self._identity)  # noqa: S603
        secret.unlink()
        if made.returncode != 0:
            raise EmbeddedPostgresError(_with_reason(t("La base embarquée n'a pas pu être créée."), made.stderr))
        fresh.rename(self._data)

    def _launch(self) -> None:
        begun = time.monotonic()
        process: subprocess.Popen[bytes] | None = None
        while not self._answers():
            waited_s = time.monotonic() - begun
            reason = (self.home / "server.log").read_text() if process is not None else ""
            is_blocked = "lock file" in reason or "still in use" in reason
            is_dead = process is not None and process.poll() is not None and self.read_pid() is None
            if waited_s > START_TIMEOUT_S or (is_dead and not (is_blocked and waited_s < STALE_RETRY_S)):
                raise EmbeddedPostgresError(_with_reason(t("La base embarquée ne démarre pas."), reason))
            if self.read_pid() is None and (process is None or is_dead):
                self._clear_stale()
                process = self._spawn()
            time.sleep(POLL_S)
        if process is not None:
            process.returncode = 0  # it may outlive us: from here on its own file says where it is

    def _clear_stale(self) -> None:
        """Remove the lock files of a dead server.

        PostgreSQL would refuse them when a zombie or a stranger has the recorded number. Living children of the dead
        server still stop it, by its shared memory.
        """
        for path in [self._data / "postmaster.pid", *(self.home / "run").glob(".s.*")]:
            path.unlink(missing_ok=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        run = self._folder("run")
        settings = {**self._settings, "port": "5432", "listen_addresses": "", "unix_socket_directories": str(run)}
        if len(os.fsencode(run / ".s.PGSQL.5432")) > LONGEST_SOCKET_PATH:
            settings |= {"unix_socket_directories": "", "listen_addresses": "127.0.0.1", "port": str(_free_port())}
        binaries = within_reach(self._binaries, self._account, self.home)
        command: list[str | Path] = [binaries.folder / "postgres", "-D", self._data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.home / "server.log").open("wb") as output:
            self._give(self.home / "server.log")
            return subprocess.Popen(  # noqa: S603
                command,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C in the terminal stops us first, and we stop the server
                **self._identity,
            )

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._address(SUPERUSER, SUPERUSER), connect_timeout=3) as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except (psycopg.OperationalError, IndexError):  # the file is missing or still being written
            return False

    def _create_database(self) -> None:
        with psycopg.connect(self._address(SUPERUSER, SUPERUSER), autocommit=True) as connection:
            name = sql.Identifier(NAME)
            if not connection.execute("select 1 from pg_roles where rolname = %s", [NAME]).fetchone():
                login = sql.SQL("create role {} login createdb createrole in role pg_monitor password {}")
                connection.execute(login.format(name, sql.Literal(self._password())))
            if not connection.execute("select 1 from pg_database where datname = %s", [NAME]).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(name, name))

    def _halt(self) -> None:
        pid = self.read_pid()
        if pid is not None:
            for stop in (signal.SIGINT, signal.SIGQUIT):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, stop)
                if self._is_gone(pid):
                    break

    def _is_gone(self, pid: int) -> bool:
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._is_ours(pid):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True


def _settle(link: Path, account: Account | None) -> Path:
    """Return the folder of the server: `link`, or what it points to when root's own folders are closed to `account`."""
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        for other in set(link.parent.glob("pg[0-9]*")) - {link}:
            sentence = t("Les données sont dans {folder}, d'une autre version que {version} : transférez-les d'abord.")
            raise EmbeddedPostgresError(sentence.format(folder=other, version=link.name))
        if account is None or account.can_enter(link.parent):
            link.mkdir(exist_ok=True)
        else:
            CLOSED_ROOT_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                link.symlink_to(tempfile.mkdtemp(prefix=f"{link.name}-", dir=CLOSED_ROOT_HOME))
    home = link.resolve()
    if not os.access(home, os.W_OK) or (account is None and home.stat().st_uid != os.geteuid()):
        sentence = t("Le dossier {folder} appartient à un autre compte : rendez-le au vôtre, ou donnez DATA_DIR.")
        raise EmbeddedPostgresError(sentence.format(folder=home))
    if account is not None:
        home.chmod(0o711)  # the account passes through to its own folders and reads nothing else
    return home


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _with_reason(sentence: str, output: str) -> str:
    return "\n".join([sentence, *output.strip().splitlines()[-8:]])
