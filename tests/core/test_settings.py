"""Settings: what a process refuses to start with, and what a development machine makes for itself."""

import os
import stat
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.security import Keys
from core.settings import Environment, Settings

STRONG = {
    "secret_key": "Vw8Tq2Lm5Zx9Rk4Bn7Hs3Gd6Jp1Fc0Ya-secret",
    "secrets_key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "pin_peppers": "1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "input_mac_key": "Yz3Kp8Wd1Qs6Nf9Xb4Mt7Lr2Vg5Hc0Ju-inputs",
    "api_key": "Rk4Bn7Hs3Gd6Jp1Fc0YaVw8Tq2Lm",
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)


def read(data_dir: Path, **values: Any) -> Settings:
    return Settings(_env_file=None, data_dir=data_dir, **values)


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("name", list(STRONG))
@pytest.mark.parametrize("weak", ["", "short", "a" * 64, "your_secure_api_key", "ChangeMe"])
def test_a_missing_short_or_sample_secret_stops_the_process(
    tmp_path: Path, environment: str, name: str, weak: str
) -> None:
    with pytest.raises(ValidationError, match=f"{name.upper()} doit compter au moins") as error:
        read(tmp_path, environment=environment, **{**STRONG, name: weak})
    assert STRONG["secret_key"] not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_every_wrong_secret_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as error:
        read(tmp_path, environment="production", db_password="your_secure_password")
    assert all(name.upper() in str(error.value) for name in [*STRONG, "db_password"])


def test_strong_secrets_start_a_production_process(tmp_path: Path) -> None:
    settings = read(tmp_path, environment="production", **STRONG)
    assert settings.environment is Environment.PRODUCTION
    assert not settings.is_forgiving
    assert list(Keys.read(settings).peppers) == ["1"]
    assert not list(tmp_path.iterdir())


def test_no_secret_stands_in_a_repr(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, environment="production", **STRONG))
    assert not any(secret in shown for secret in STRONG.values())


@pytest.mark.parametrize("environment", ["development", "test"])
def test_development_makes_its_secrets_and_keeps_them_for_its_owner_alone(tmp_path: Path, environment: str) -> None:
    first = read(tmp_path / "var", environment=environment)
    kept = tmp_path / "var" / "secrets.env"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = read(tmp_path / "var", environment=environment)
    for name in STRONG:
        made = getattr(first, name).get_secret_value()
        assert len(made) >= 32
        assert getattr(again, name).get_secret_value() == made
    assert Keys.read(again).peppers == Keys.read(first).peppers


def test_a_given_secret_is_used_and_not_kept(tmp_path: Path) -> None:
    settings = read(tmp_path, api_key="given-by-the-operator")
    assert settings.api_key.get_secret_value() == "given-by-the-operator"
    assert "given-by-the-operator" not in (tmp_path / "secrets.env").read_text()


def test_db_variables_compose_the_address(tmp_path: Path) -> None:
    settings = read(tmp_path, db_host="db.local", db_user="palabre", db_password="p@ss/w:rd", db_name="palabre")
    assert settings.database_url == "postgresql://palabre:p%40ss%2Fw%3Ard@db.local:5432/palabre"


def test_database_url_wins_and_nothing_is_composed_without_a_host(tmp_path: Path) -> None:
    assert read(tmp_path, database_url="postgresql://x/y", db_host="db.local").database_url == "postgresql://x/y"
    assert read(tmp_path).database_url == ""


def test_environment_variables_are_read_by_their_documented_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://env/palabre")
    monkeypatch.setenv("ACCESS_TOKEN_EXPIRE_MINUTES", "5")
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, https://b.example")
    settings = read(tmp_path)
    assert settings.database_url == "postgresql://env/palabre"
    assert settings.access_token_expire_minutes == 5
    assert settings.trusted_proxies == [ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32")]
    assert settings.cors_origins == ["https://a.example", "https://b.example"]
    assert settings.public_base_url == "http://127.0.0.1:8000"


def test_the_other_names_of_an_installation_are_taken(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        environment="production",
        **{**STRONG, "secret_key": "", "django_secret_key": STRONG["secret_key"]},
        postgres_host="base.example",
        postgres_db="cnss_pensions",
        postgres_user="cnss_user",
        postgres_password="un mot de passe / à part",
        frontend_url="https://pensions.example",
        default_from_email="pensions@cnss.example",
    )
    assert settings.secret_key.get_secret_value() == STRONG["secret_key"]
    assert settings.database_url == (
        "postgresql://cnss_user:un%20mot%20de%20passe%20%2F%20%C3%A0%20part@base.example:5432/cnss_pensions"
    )
    assert (settings.public_base_url, settings.email_from) == ("https://pensions.example", "pensions@cnss.example")
    assert settings.notices == ()


def test_of_two_names_that_differ_the_documents_wins_and_a_notice_says_so(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        **STRONG,
        django_secret_key="x" * 40,
        db_host="ours.example",
        postgres_host="theirs.example",
        use_sqlite="true",
        celery_broker_url="redis://localhost",
    )
    assert settings.secret_key.get_secret_value() == STRONG["secret_key"]
    assert settings.database_url.endswith("@ours.example:5432/")
    assert settings.notices == (
        "DJANGO_SECRET_KEY diffère de SECRET_KEY, qui l'emporte",
        "POSTGRES_HOST diffère de DB_HOST, qui l'emporte",
        "sans effet ici : USE_SQLITE, CELERY_BROKER_URL",
    )
    assert not any("x" * 40 in notice for notice in settings.notices)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"debug": True}, "DEBUG ne se met pas en production"),
        ({"django_debug": True}, "DEBUG ne se met pas en production"),
        ({"allowed_hosts": "pensions.example,*"}, "ALLOWED_HOSTS nomme les hôtes"),
        ({"secret_key": "votre-secret-key-tres-securisee"}, "SECRET_KEY doit compter au moins"),
    ],
)
def test_what_production_refuses(tmp_path: Path, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        read(tmp_path, environment="production", **{**STRONG, **values})
    read(tmp_path, **{**STRONG, **values})


def test_hosts_are_those_named_and_ourselves(tmp_path: Path) -> None:
    assert read(tmp_path).host_patterns == []
    named = read(tmp_path, allowed_hosts="Pensions.example, .cnss.bj").host_patterns
    assert named == ["pensions.example", "cnss.bj", "*.cnss.bj", "localhost", "127.0.0.1"]
