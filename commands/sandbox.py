"""`./dev sandbox`: a throw-away Palabre for tests, benchmarks and people.

One JSON line on standard output says where it is and with what to enter; it lives until standard input closes or
Ctrl-C, and leaves nothing behind. Environment variables are its settings, but for those that make it a sandbox.
"""

import contextlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Unavailable
from core.i18n import t

if TYPE_CHECKING:
    from commands.demo import Seeded
    from commands.parser import Subparsers
    from core.database import Database
    from core.settings import Settings

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
QUEUE_LENGTH = 2_048
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15
WATCH_S = 1.0
LINES_TOLD = 20
TOKEN_MINUTES = 7 * 24 * 60
SESSIONS = 6_000  # a shorter history than the demo of the house: ready sooner


class SandboxFailed(Unavailable):
    """Its server did not start, or ended by itself."""

    code = "bac_a_sable"
    sentence = "Le bac à sable s'est arrêté :\n{reason}"


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("sandbox", help=t("une installation jetable, décrite par une ligne de JSON"))
    parser.add_argument("--seed", type=int, metavar="N", help=t("la graine de ses données de démonstration"))
    parser.set_defaults(command=run)


def run(arguments: Namespace) -> None:
    """Build a sandbox, describe it, wait for the end, remove it."""
    from commands.demo import SEED

    seed = SEED if arguments.seed is None else arguments.seed
    signal.signal(signal.SIGHUP, lambda number, _frame: sys.exit(128 + number))
    with ExitStack() as stack:
        stack.callback(_tell, t("Bac à sable retiré."))
        folder = stack.enter_context(_folder())
        stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)  # from here on, only tidying up
        description, server = stack.enter_context(open_sandbox(folder, seed))
        print(json.dumps(description, ensure_ascii=False), flush=True)
        _wait(server)


@contextmanager
def open_sandbox(folder: Path, seed: int) -> Iterator[tuple[dict[str, Any], "Server"]]:
    """Start everything in `folder`; give the description and the server; stop both at the end of the block."""
    from commands import demo
    from commands.migrate import upgrade
    from core.database import use_database
    from core.embedded_postgres import EmbeddedPostgres
    from core.settings import Settings, get_settings
    from services import installation

    with ExitStack() as stack:
        listener = stack.enter_context(_listen())
        base_url = f"http://{HOST}:{listener.getsockname()[1]}"
        database_url = stack.enter_context(EmbeddedPostgres(folder))
        _set_environment(folder, base_url, database_url)
        Settings.model_config["env_file"] = None  # the developer's own file is not the sandbox's
        get_settings.cache_clear()
        settings = get_settings()
        upgrade(database_url)
        database = use_database(database_url, settings.database_pool_size)
        stack.callback(database.dispose)
        with database.transaction() as session:
            installation.install(session, settings)
        server = stack.enter_context(Server.started(listener, folder / "server.log"))
        seeded = demo.seed(database, settings, seed_number=seed, sessions=SESSIONS)
        server.wait_until_ready(base_url)
        yield describe(database, settings, seeded), server


def describe(database: "Database", settings: "Settings", seeded: "Seeded") -> dict[str, Any]:
    """Return the sandbox as its one line of JSON."""
    base_url, api_key = settings.public_base_url, settings.api_key.get_secret_value()
    return {
        "base_url": base_url,
        "database_url": settings.database_url,
        "api_key": api_key,
        "users": _users(database),
        "wallets": _wallets(database, seeded),
        "secrets": {},
        "gateways": [
            {"profile": "doc_a", "url": f"{base_url}/ussd", "secret": api_key},
            {"profile": "doc_b", "url": f"{base_url}/ussd/", "secret": api_key},
        ],
        "fakes": _fakes(settings),
    }


class Server:
    """The server's process, which is ours alone to end."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    @contextmanager
    def started(cls, listener: socket.socket, log: Path) -> Iterator["Server"]:
        """Serve on a socket that is ours already, so that nobody can take the port meanwhile."""
        command = [sys.executable, str(ROOT / "main.py"), "serve", "--fd", str(listener.fileno())]
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  # our own program
                command,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[listener.fileno()],
                start_new_session=True,  # a Ctrl-C in the terminal stops us first, and we stop the server
            )
        listener.close()
        try:
            yield cls(process, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_until_ready(self, base_url: str) -> None:
        """Return once the server answers; the socket listens already, so one patient request is enough."""
        connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=START_TIMEOUT_S)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/health/ready")
                is_ready = connection.getresponse().status == http.HTTPStatus.OK
            except OSError:
                is_ready = False
        if not is_ready:
            raise SandboxFailed(reason=self._last_lines())

    def check_alive(self) -> None:
        """Raise when the server ended by itself."""
        if self._process.poll() is not None:
            raise SandboxFailed(reason=self._last_lines())

    def _last_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-LINES_TOLD:])


@contextmanager
def _folder() -> Iterator[Path]:
    """Give an empty folder that the database's account may pass through, and remove it with whatever it holds."""
    folder = Path(tempfile.mkdtemp(prefix="palabre-sandbox-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for link in folder.glob("pg*"):
            if link.is_symlink():
                shutil.rmtree(link.resolve(), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _listen() -> socket.socket:
    listener = socket.create_server((HOST, 0), backlog=QUEUE_LENGTH)
    listener.set_inheritable(True)
    return listener


def _set_environment(folder: Path, base_url: str, database_url: str) -> None:
    """Decide what makes a sandbox; every other variable stays as the caller set it."""
    os.environ.update(
        ENVIRONMENT="development",
        HOST=HOST,
        PORT=base_url.rpartition(":")[2],
        PUBLIC_BASE_URL=base_url,
        DATA_DIR=str(folder),
        DATABASE_URL=database_url,
    )


def _fakes(settings: "Settings") -> dict[str, str]:
    """Return where the fakes are, and where they are told what to do; nothing when they are off."""
    from providers.fakes.place import address

    url = address(settings)
    return {"url": url, "control_url": f"{url}/_fake"} if url else {}


def _users(database: "Database") -> list[dict[str, Any]]:
    """Return the staff with an access token each, good for both APIs."""
    from sqlmodel import select

    from commands.demo.people import PASSWORD, STAFF
    from models.users import User
    from services.users import tokens

    with database.transaction() as session:
        found = {user.email: user for user in session.exec(select(User).where(User.email != None))}  # noqa: E711
        return [
            {
                "email": colleague.email,
                "phone": colleague.phone,
                "password": PASSWORD,
                "role": str(colleague.role),
                "scope": colleague.scope_name,
                "token": tokens.open_family(session, found[colleague.email], TOKEN_MINUTES, HOST).access,
            }
            for colleague in STAFF
        ]


def _wallets(database: "Database", seeded: "Seeded") -> list[dict[str, Any]]:
    """Return the wallets that may send, and whose owners read French: active and funded, by currency.

    The very rich come last in each: they can receive little more.
    """
    from core.database import fetch_all

    pins = {person.phone: person.pin for person in seeded.people}
    with database.transaction() as session:
        rows = fetch_all(
            session,
            """
            select u.phone, trim(u.first_name || ' ' || u.last_name) as name, w.currency, a.balance
            from wallet w join users u on u.id = w.user_id join ledger_account a on a.id = w.account_id
            where u.state = 'active' and w.state = 'active' and a.balance > 0 and u.language = 'fr'
            order by array_position(array['XAF', 'XOF'], w.currency) nulls last, a.balance > 1000000, a.balance desc
            """,
        )
    return [
        {
            "msisdn": row["phone"],
            "pin": pins[row["phone"]],
            "balance_minor": row["balance"],
            "currency": row["currency"],
            "name": row["name"],
        }
        for row in rows
    ]


def _wait(server: Server) -> None:
    """Return when standard input closes; what is typed means nothing."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            readable, _, _ = select.select([sys.stdin], [], [], WATCH_S)
            if readable and not os.read(sys.stdin.fileno(), 4096):
                return
            server.check_alive()


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)
