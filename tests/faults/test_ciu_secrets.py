"""A whole service under watch: after the codes are given, no answer is in its logs, its database or its backup."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from core import clock
from core.embedded_postgres import find_binaries
from core.settings import get_settings
from services.ciu.store.keys import get_ciu_keys
from tests.ciu.clinic import Clinic, meta_text
from tests.ciu.conftest import clinic, our_address
from tests.database import ROOT
from tests.faults.test_publish_live import START_S, url_of
from tests.kannel.boxes import free_ports, listens, until

__all__ = ["clinic", "our_address"]

AWA, BEA, LIA = "+243810007001", "+243810007002", "+243810007003"
# Nobody and no place is called so: whatever is found was theirs.
ANSWERS = {
    AWA: ("1947", "Lubumbashizwi", "Zéphyrinekw", "23", "Wakabongobo"),
    BEA: ("1951", "Mbujimayizwo", "Gédéonzyx", "29", "Kasongolenzwa"),
    LIA: ("1953", "Kolwezizwu", "Espérancyx", "27", "Tshimangazwe"),
}
KNOWN = {AWA: ("LUBUMBASHIZWI", "ZEPHYRINEKW"), BEA: ("MBUJIMAYIZWO", "GEDEONZYX"), LIA: ("KOLWEZIZWU", "ESPERANCYX")}


@dataclass
class Service:
    """The product's own process, and where it writes."""

    clinic: Clinic
    folder: Path

    def logs(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in self.folder.rglob("*") if file.is_file())


@contextmanager
def serving(clinic: Clinic, folder: Path) -> Iterator[Service]:
    """Serve as `./dev serve` does, as talkative as it can be."""
    (port,) = free_ports(1)
    address, settings, keys = f"http://127.0.0.1:{port}", get_settings(), get_ciu_keys()
    variables = {
        "PUBLIC_BASE_URL": address,
        "PORT": str(port),
        "DATABASE_URL": url_of(clinic.database.engine),
        "LOG_DIR": str(folder / "logs"),
        "LOG_LEVEL": "DEBUG",
        "UIC_SALT": keys.salt,
        "CIU_MATCH_KEYS": settings.ciu_match_keys.get_secret_value(),
        "CIU_DATA_KEY": settings.ciu_data_key.get_secret_value(),
        "FAKES": "on",
    }
    with (folder / "console.txt").open("wb") as console:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, str(ROOT / "main.py"), "serve"],
            cwd=folder,
            env={**os.environ, **variables},
            stdout=console,
            stderr=console,
        )
        try:
            until(partial(listens, port), "the service does not answer", START_S)
            yield Service(replace(clinic, address=address), folder)
        finally:
            process.terminate()
            process.wait(START_S)


def backup(clinic: Clinic) -> str:
    """Return what the guide's backup holds."""
    dumped = subprocess.run(  # noqa: S603  # PostgreSQL's own program
        [str(find_binaries().folder / "pg_dump"), url_of(clinic.database.engine)],
        capture_output=True,
        check=True,
        env={**os.environ, "PGTZ": "UTC"},
    )
    return dumped.stdout.decode()


def trip(service: Service, word: str, sender: str) -> None:
    """Let one message fail amid its turn: somebody else holds what it writes."""
    with service.clinic.database.engine.connect() as holder:
        holder.exec_driver_sql("lock table ciu_event in exclusive mode")
        assert service.clinic.say(word, sender).startswith("Petit souci")


def talk(service: Service) -> dict[str, str]:
    """Let one person talk through Twilio, one through Meta, one break off in the middle; return what was read."""
    clinic, said = service.clinic, {}
    for word in ("Bonjour", *ANSWERS[AWA]):
        clinic.say(word, AWA)
    trip(service, "1", AWA)
    said[AWA] = clinic.say("1", AWA)
    for number, word in enumerate(("Bonjour", *ANSWERS[BEA], "1")):
        assert clinic.meta(meta_text(word, number, BEA[1:], int(clock.now().timestamp()))) == 200
        until(lambda: not clinic.number(WAITING), "nobody answers Meta's messages", 20)
    for word in ("Bonjour", *ANSWERS[LIA][:3]):
        clinic.say(word, LIA)
    trip(service, ANSWERS[LIA][4], LIA)
    clinic.say("RESTART", LIA)
    clinic.say("STOP", LIA)
    return said


WAITING = "select count(*) from whatsapp_inbound where payload_enc is not null"


def test_after_the_codes_no_answer_is_anywhere(clinic: Clinic, tmp_path: Path) -> None:
    with serving(clinic, tmp_path) as service:
        said = talk(service)
    assert "LUBU-23-ZEP-WAKA" in said[AWA]
    codes = [row["code"] for row in clinic.rows("select code from ciu_record order by created_at")]
    assert len(codes) == 2
    logs, kept = service.logs(), backup(clinic)
    assert "ciu.turn" in logs
    assert logs.count("whatsapp.failed") == 2 * 2, "both failures are told, in the file and on the console"
    typed = {answer for answers in ANSWERS.values() for answer in answers}
    names = {name for name in typed if not name.isdecimal()}
    secret = {*names, *(name.upper() for name in names), *(name for pair in KNOWN.values() for name in pair)}
    for place in (logs, kept, clinic.dump()):
        assert [name for name in secret if name in place] == []
    # A year or a day is found anywhere; as the whole of a field it would be an answer.
    fields = {field for line in kept.splitlines() for field in line.split("\t")}
    assert not fields & typed
    for sender in ANSWERS:
        assert sender[1:] not in logs
        assert kept.count(sender) <= 1, "a number stands in one place"
    for code in codes:
        assert code not in logs
        assert kept.count(code) == 1
    keys = get_ciu_keys()
    for key in (keys.salt, *(key.hex() for key in keys.match.values())):
        assert key not in logs
        assert key not in kept
    assert "SM000" not in kept
    assert "wamid" not in logs + kept
