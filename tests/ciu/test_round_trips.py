"""How often a message waits for the database: what it costs is mostly that."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from psycopg.pq import PipelineStatus
from twilio.request_validator import RequestValidator

from channels.whatsapp import doors
from services.messages.doors import Knock
from tests.ciu.clinic import TOKEN, Clinic, text_of

PATH = "/whatsapp/webhook"


@contextmanager
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count the statements that are waited for one by one, and the groups that are waited for as one."""
    counted: Counter[str] = Counter()
    execute, pipeline = psycopg.Cursor.execute, psycopg.Connection.pipeline

    def executed(self: Any, *arguments: Any, **options: Any) -> Any:
        counted["alone"] += self.connection.pgconn.pipeline_status == PipelineStatus.OFF
        return execute(self, *arguments, **options)

    def grouped(self: Any) -> Any:
        counted["together"] += 1
        return pipeline(self)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", executed)
        patched.setattr(psycopg.Connection, "pipeline", grouped)
        yield counted


def take(clinic: Clinic, pairs: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> tuple[str, Counter[str]]:
    """Take one signed message in this thread; return what is answered, and the waits."""
    signature = RequestValidator(TOKEN).compute_signature(f"{clinic.address}{PATH}", dict(pairs))
    knock = Knock("POST", PATH, "", {}, {"x-twilio-signature": signature}, urlencode(pairs).encode())
    with clinic.database.transaction() as session:
        doors.get_channels(session)  # connected, and the accounts are known
    with clinic.database.transaction() as session, waits(monkeypatch) as counted:
        reply = doors.take_twilio(session, knock)
    assert reply.status == 200
    return text_of(reply.body.decode()), counted


def test_an_answer_waits_twice_and_a_repeated_one_is_read_again(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.say("Bonjour")
    pairs = clinic.form("1985")
    answer, counted = take(clinic, pairs, monkeypatch)
    assert "2/5" in answer
    assert counted == {"alone": 1, "together": 1}
    again, _ = take(clinic, pairs, monkeypatch)
    assert again == answer
    assert clinic.number("select count(*) from ciu_event where name = 'answered'") == 1


def test_a_user_id_beside_a_number_is_kept_and_found_alone(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.say("Bonjour")
    take(clinic, clinic.form("1985", ExternalUserId="CD.1349"), monkeypatch)
    answer, _ = take(clinic, clinic.form("Kinshasa", sender="CD.1349"), monkeypatch)
    assert "3/5" in answer
    assert clinic.number("select count(*) from ciu_identity") == 1
