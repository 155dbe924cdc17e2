"""The real Kannel: bearerbox and smsbox, started on the configuration we ship, stopped by their process ids."""

import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from tests.database import ROOT

SHIPPED = ROOT / "deploy" / "kannel"
PATIENCE_S = 15.0
PAUSE_S = 0.02


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def until(is_so: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until `is_so()` holds, or fail with `what` was waited for."""
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(PAUSE_S)


class NotRenderedError(Exception):
    """What the renderer told the operator."""


def render(folder: Path, values: Mapping[str, str], *, is_trial: bool = False) -> str:
    """Make the configuration as an operator does: fill in the file of values, run the script."""
    path = folder / "kannel.env"
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    command = [sys.executable, "-I", str(SHIPPED / "render.py"), str(path), *(["--essai"] if is_trial else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    path.unlink()
    if done.returncode != 0:
        raise NotRenderedError(done.stderr)
    return done.stdout


class Boxes:
    """One Kannel in a folder of its own."""

    def __init__(self, folder: Path, values: Mapping[str, str]) -> None:
        self.folder = folder
        names = ("ADMIN_PORT", "BOX_PORT", "SENDSMS_PORT", "FAKE_SMSC_PORT")
        ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
        self.values = {**ports, "ACCESS_LOG": str(folder / "access.log"), **values}
        self.conf = folder / "palabre.conf"
        self.conf.write_text(render(folder, self.values, is_trial=True))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def sendsms_url(self) -> str:
        return f"http://127.0.0.1:{self.values['SENDSMS_PORT']}"

    @property
    def fake_port(self) -> int:
        return int(self.values["FAKE_SMSC_PORT"])

    def start(self) -> None:
        """Start both boxes; ready when the bearerbox knows its smsbox."""
        self._start("bearerbox")
        until(lambda: listens(int(self.values["BOX_PORT"])), "la bearerbox n'écoute pas")
        self.start_smsbox()

    def start_smsbox(self) -> None:
        self._start("smsbox")
        until(lambda: "smsbox:" in self.status(), "la smsbox ne s'est pas présentée")

    def stop(self) -> None:
        for name in ("smsbox", "bearerbox"):
            self.stop_box(name)

    def stop_box(self, name: str) -> None:
        """Ask a box to end, twice if need be: a bearerbox whose link just broke may not hear the first time."""
        process = self._running.pop(name, None)
        if process is None:
            return
        for patience_s in (1.5, 1.5):
            process.terminate()
            try:
                process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
            return
        process.kill()
        process.wait()

    def status(self) -> str:
        """Return Kannel's own page."""
        url = f"http://127.0.0.1:{self.values['ADMIN_PORT']}/status.txt?password={self.values['STATUS_PASSWORD']}"
        with urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    def wait_for_link(self, name: str, state: str = "online") -> None:
        """Wait until Kannel says so of the link `name`."""
        until(lambda: re.search(rf"{name}\S* .*\({state}\b", self.status()), f"{name} : {state} attendu")

    def written(self) -> str:
        """Return everything Kannel wrote: access log, and what its journal would hold."""
        files = (path for path in self.folder.iterdir() if path != self.conf)
        return "\n".join(path.read_text(errors="replace") for path in files)

    def _start(self, name: str) -> None:
        output: IO[bytes]
        with (self.folder / f"{name}.journal").open("ab") as output:
            self._running[name] = subprocess.Popen(  # noqa: S603
                [*command_of(name), str(self.conf)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
            )


def command_of(name: str) -> list[str]:
    """Return the command of the unit we ship, without its file."""
    unit = (SHIPPED / f"palabre-{name}.service").read_text()
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    return shlex.split(line.removeprefix("ExecStart="))[:-1]


def listens(port: int) -> bool:
    """Say whether somebody answers at a port of this machine."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
