"""The first administrator: from the terminal, with a link and a password that nobody knew before."""

import pytest

from commands import parser
from core import embedded_postgres
from core.database import Database
from services import users
from services.users import SignIn
from tests.builders import people


@pytest.fixture(autouse=True)
def this_database(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    monkeypatch.setattr(embedded_postgres, "ensure_running", lambda _settings: database.url)


def test_the_first_administrator_enters_with_what_the_terminal_shows_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert parser.main(["admin", "create", "--email", "Chef@Palabre.org", "--first-name", "Aïssatou"]) == 0
    printed = capsys.readouterr().out
    password = printed.split()[-1]
    token = printed.partition("#")[2].split()[0]
    from core.database import get_database

    with get_database().transaction() as session:
        signed = users.sign_in_console(session, SignIn(email="chef@palabre.org", password=password))
    assert (signed.user.is_admin, signed.user.must_change_password, signed.user.first_name) == (True, True, "Aïssatou")
    dump = people.everything(get_database())
    assert password not in dump
    assert token not in dump
    assert parser.main(["admin", "create", "--email", "chef@palabre.org"]) == 1
    assert capsys.readouterr().err == "Cette adresse a déjà un compte.\n"
    assert parser.main(["admin", "create", "--email", "chef"]) == 1


def test_an_email_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser.main(["admin", "create"])
    assert "--email" in capsys.readouterr().err
