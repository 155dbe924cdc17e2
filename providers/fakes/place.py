"""Where the fakes of an installation listen: a port kept in its data folder, known to every process of it."""

from pathlib import Path

from core.settings import Settings

HOST = "127.0.0.1"
PORT_FILE = "fakes.port"


def address(settings: Settings) -> str:
    """Return where the fakes listen, in whichever process they run; empty when they are off."""
    port = (settings.fakes_port or kept_port(settings.data_dir)) if settings.wants_fakes else 0
    return f"http://{HOST}:{port}" if port else ""


def kept_port(data_dir: Path) -> int:
    """Return the port the fakes had last, 0 when there is none."""
    path = data_dir / PORT_FILE
    text = path.read_text(encoding="ascii").strip() if path.exists() else ""
    return int(text) if text.isdecimal() else 0


def keep_port(data_dir: Path, port: int) -> None:
    """Keep a port for the next start, and for other processes."""
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / PORT_FILE).write_text(str(port), encoding="ascii")
