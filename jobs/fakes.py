"""The fakes of this installation, in its own process: on in development, never beside a live account.

Their port is kept in the data folder, so that transfers of yesterday still find the address they were sent to.
"""

import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog

from core.addresses import is_inside
from core.database import Database
from core.settings import Settings
from providers.fakes.accounts import ACCOUNTS
from providers.fakes.behaviour import DEMO_MIX
from providers.fakes.kernel import Kernel
from providers.fakes.place import keep_port, kept_port
from providers.fakes.server import FakeServer
from providers.http import LOOPBACK
from services import provider_accounts, provider_seeds
from services.provider_accounts import SHAPES

_log = structlog.get_logger(__name__)
_lock = threading.Lock()
_running: list[FakeServer] = []


def start(settings: Settings, database: Database) -> FakeServer | None:
    """Run the fakes and seed their accounts where the settings want them; pause those accounts where not."""
    with _lock:
        if _running:
            return _running[0]
        with database.transaction() as session:
            if not settings.wants_fakes or provider_accounts.is_any_live_active(session):
                provider_seeds.close_fakes(session)
                return None
        server = _open(settings)
        server.kernel.configure(callback_addresses(settings))
        server.start()
        with database.transaction() as session:
            provider_seeds.seed_fakes(session, {fake.name: fake.base_url(server.url) for fake in server.fakes})
        _running.append(server)
        _log.info("fakes.started", port=server.port)
        return server


def running() -> FakeServer | None:
    """Return the fakes of this process, for the simulator's pages; None when they are off."""
    return _running[0] if _running else None


def stop() -> None:
    """Stop the fakes of this process, if they run."""
    with _lock:
        while _running:
            _running.pop().stop()


def _open(settings: Settings) -> FakeServer:
    """Listen on the wanted port, else the kept one, else any: somebody else may have taken it meanwhile."""
    kernel = Kernel(seed=settings.fake_seed, mix=DEMO_MIX)
    port = settings.fakes_port or kept_port(settings.data_dir)
    try:
        server = FakeServer(kernel, port)
    except OSError:
        if settings.fakes_port:
            raise
        server = FakeServer(kernel)
    if not settings.fakes_port:
        keep_port(settings.data_dir, server.port)
    return server


def callback_addresses(settings: Settings) -> Mapping[str, str]:
    """Return where providers that know one address for all their callbacks reach this process."""
    named = {account.adapter: SHAPES[account.adapter].callback for account in ACCOUNTS}
    root = _own_address(settings)
    registered = ("orange_sonatel", "wave", "pawapay", "mixx", "moov")
    whatsapp = dict.fromkeys(("meta_whatsapp", "twilio_whatsapp"), f"{root}/whatsapp/webhook")
    money = {name: f"{root}/api/v1/payments/callback/{named[name]}" for name in registered if name in named}
    return {**money, **whatsapp}


def _own_address(settings: Settings) -> str:
    """Return our public address where it is on this machine, else the one we listen on: fakes call nobody outside."""
    public = settings.public_base_url.rstrip("/")
    host = urlsplit(public).hostname or ""
    if host == "localhost" or is_inside(host, LOOPBACK):
        return public
    return f"http://{settings.host if is_inside(settings.host, LOOPBACK) else '127.0.0.1'}:{settings.port}"
