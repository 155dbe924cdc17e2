"""kill -9 amid the issue of a code, and two processes that want one code at the same instant."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from signal import SIGKILL
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from core.settings import get_settings
from tests.ciu.clinic import AWA, CODE, FORM, KABILA, SALT, TOKEN, Clinic, text_of
from tests.ciu.conftest import clinic, our_address
from tests.database import ROOT
from tests.faults.test_publish_live import url_of
from tests.kannel.boxes import until

__all__ = ["clinic", "our_address"]

BEA = "+243810000002"
WEBHOOK = "/whatsapp/webhook"
OTHER = ("1990", "Goma", "Awa", "3", "Mbuyi")

# Pairs of people whose first codes are equal, the code of the first, and what the second gets.
PAIRS = (
    (
        ("1985", "Kinshasa", "Jean-Luc", "15", "Kabilu"),
        ("1985", "Kinshasa Bandal", "Jeanne", "15", "Kabila"),
        "985-KINS-15-JEA-KABI-4988E",
    ),
    (
        ("1985", "Kinshasa Lemba", "Jean-Claude", "15", "Kabinda Mutombo"),
        ("1985", "Kinsundi", "Jean-Jacques", "15", "Kabinga"),
        "985-KINS-15-JEA-KABI-0A616",
    ),
    (
        ("1985", "Kinshasa Ngaliema", "Jean", "15", "Kabila Kasongo"),
        ("1985", "Kinshasa Ngaliema", "Jeannette", "15", "Kabinda Mutombo"),
        "985-KINS-15-JEA-KABI-B849A",
    ),
)


class Process:
    """A process that takes one message after the other, and may be told to die amid one."""

    def __init__(self, address: str) -> None:
        self.address, self.database_url = address, ""
        settings = get_settings()
        variables = {
            "PUBLIC_BASE_URL": address,
            "UIC_SALT": SALT,
            "CIU_MATCH_KEYS": settings.ciu_match_keys.get_secret_value(),
            "CIU_DATA_KEY": settings.ciu_data_key.get_secret_value(),
        }
        self._process = subprocess.Popen(  # our own program
            [sys.executable, "-m", "tests.faults.ciu_victim"],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() == "ready\n"

    def take(self, form: list[tuple[str, str]], fatal: int = 0) -> dict[str, Any]:
        """Take one message of Twilio's."""
        signature = RequestValidator(TOKEN).compute_signature(self.address + WEBHOOK, dict(form))
        headers = {"content-type": FORM, "x-twilio-signature": signature}
        order = {"url": self.database_url, "path": WEBHOOK, "headers": headers, "body": urlencode(form), "fatal": fatal}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        told: dict[str, Any] = json.loads(self._read())
        return told

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@pytest.fixture(scope="module")
def _processes(our_address: str) -> Iterator[list[Process]]:  # the fixture
    with ExitStack() as stack:
        both = [Process(our_address) for _ in range(2)]
        for one in both:
            stack.callback(one.end)
        yield both


@pytest.fixture
def processes(clinic: Clinic, _processes: list[Process]) -> list[Process]:  # the fixture
    for one in _processes:
        one.database_url = url_of(clinic.database.engine)
    return _processes


def ready(clinic: Clinic, answers: tuple[str, ...], sender: str) -> None:
    for word in ("Bonjour", *answers):
        clinic.say(word, sender)


def seen(clinic: Clinic) -> list[Any]:
    """Return all that a message may have changed: everything of conversations, codes and messages."""
    return [
        clinic.rows(f"select * from {table} order by id")
        for table in (
            *("ciu_conversation", "ciu_contact", "ciu_identity", "ciu_record", "ciu_record_identity", "ciu_event"),
            *("ciu_match_key", "ciu_near_key", "ciu_pair", "ciu_consent", "whatsapp_inbound", "whatsapp_reply"),
        )
    ]


def assert_complete(clinic: Clinic, code: str) -> None:
    record = clinic.rows("select id from ciu_record where code = %s", (code,))[0]["id"]
    for table, number in (("ciu_match_key", 1), ("ciu_near_key", 6), ("ciu_record_identity", 1)):
        assert clinic.number(f"select count(*) from {table} where record_id = %s", (record,)) == number
    assert clinic.number("select count(*) from ciu_conversation where answers_enc is not null") == 0
    assert clinic.number("select count(*) from ciu_conversation where end_reason = 'issued'") == 1
    assert clinic.events().count("issued_new") == 1


def test_killed_between_any_two_statements_there_is_all_of_a_record_or_none(
    clinic: Clinic, processes: list[Process]
) -> None:
    ready(clinic, KABILA, AWA)
    form, before = clinic.form("1"), seen(clinic)
    fatal = 0
    while seen(clinic) == before:
        fatal += 1
        assert processes[0].take(form, fatal)["exit"] == -SIGKILL, "it went through all steps and left nothing"
    # The last one died after its commit, before its answer: Twilio asks again and hears what it would have heard.
    assert_complete(clinic, CODE)
    again = processes[1].take(form)
    assert CODE in text_of(again["body"])
    assert clinic.post(form).text == again["body"]
    assert_complete(clinic, CODE)
    # Of another message all steps are known: nobody survived one of them, and none was left out.
    ready(clinic, OTHER, BEA)
    steps = processes[0].take(clinic.form("1", BEA))["steps"]
    assert fatal == steps
    assert fatal > 15


@pytest.mark.parametrize(("first", "second", "short"), PAIRS)
def test_two_processes_never_give_two_people_one_code(
    clinic: Clinic, processes: list[Process], first: tuple[str, ...], second: tuple[str, ...], short: str
) -> None:
    ready(clinic, first, AWA)
    ready(clinic, second, BEA)
    answers = at_the_same_instant(clinic, processes, (AWA, BEA))
    codes = [row["code"] for row in clinic.rows("select code from ciu_record order by length(code)")]
    assert codes[0] == short
    assert len(codes[1]) == len(short) + 1
    assert codes[1].startswith(short)
    assert sorted(short in text and codes[1] not in text for text in answers) == [False, True]
    assert sorted(codes[1] in text for text in answers) == [False, True]
    # Each finds his own again.
    for place, sender in enumerate((AWA, BEA)):
        mine = codes[1] if codes[1] in answers[place] else codes[0]
        assert clinic.tell((first, second)[place], sender).endswith(mine)


def test_two_processes_give_one_person_on_two_telephones_one_code(clinic: Clinic, processes: list[Process]) -> None:
    for sender in (AWA, BEA):
        ready(clinic, KABILA, sender)
    answers = at_the_same_instant(clinic, processes, (AWA, BEA))
    assert all(CODE in text for text in answers)
    assert clinic.number("select count(*) from ciu_record") == 1
    assert clinic.number("select count(*) from ciu_record_identity") == 2
    assert clinic.number("select count(*) from ciu_match_key") == 1


def at_the_same_instant(clinic: Clinic, processes: list[Process], senders: tuple[str, ...]) -> list[str]:
    """Let each process confirm for one person; the records are held until both have come as far as them."""
    forms = [clinic.form("1", sender) for sender in senders]
    waiting = "select count(*) from pg_locks where not granted and database = (select oid from pg_database where"
    waiting += " datname = current_database())"
    with clinic.database.engine.connect() as holder, ThreadPoolExecutor(2) as pool:
        holder.exec_driver_sql("lock table ciu_record in share mode")
        under_way = [pool.submit(one.take, form) for one, form in zip(processes, forms, strict=True)]
        until(partial(lambda: int(holder.exec_driver_sql(waiting).scalar_one()) >= 2), "nobody waits for the other")
        holder.rollback()
        return [text_of(one.result()["body"]) for one in under_way]
