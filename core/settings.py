"""Settings, read once from the environment and an optional `.env` file.

Names are those of the owner's documents where they give one. No secret has a default: in development the missing ones
are made and kept in the data folder, elsewhere the process refuses to start.
"""

import base64
import secrets
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from core.document_settings import DocumentSettings
from core.provider_settings import FakesMode, ProviderSettings

Network = IPv4Network | IPv6Network

SHORTEST_SECRET = 32
SHORTEST_API_KEY = 24
SAMPLE_SECRETS = frozenset(
    {
        *("your_secure_api_key", "your_secure_password", "your-secret-key", "changeme", "secret"),
        *("votre-secret-key-tres-securisee", "password"),
    }
)


class Environment(StrEnum):
    """Where the process runs; only development forgives missing secrets."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


class Settings(ProviderSettings, DocumentSettings):
    """Everything that may differ between two installations."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    app_name: str = "Palabre"
    environment: Environment = Environment.DEVELOPMENT
    debug: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    public_base_url: str = ""
    data_dir: Path = Path("var")

    database_url: str = ""
    db_user: str = ""
    db_password: SecretStr = SecretStr("")
    db_name: str = ""
    db_host: str = ""
    db_port: int = 5432
    database_pool_size: int = Field(default=10, ge=1, le=100)

    secret_key: SecretStr = SecretStr("")
    secrets_key: SecretStr = SecretStr("")
    pin_peppers: SecretStr = SecretStr("")
    input_mac_key: SecretStr = SecretStr("")
    algorithm: str = "HS256"
    access_token_expire_minutes: int = Field(default=30, ge=1)
    jwt_access_token_lifetime: int = Field(default=30, ge=1)
    jwt_refresh_token_lifetime: int = Field(default=10_080, ge=1)

    api_key: SecretStr = SecretStr("")
    allowed_ips: str = "127.0.0.1,::1"
    trusted_proxies: Annotated[list[Network], NoDecode] = Field(default_factory=list)
    metrics_allowed_ips: Annotated[list[Network], NoDecode] = Field(default_factory=list)
    cors_origins: Annotated[list[str], NoDecode] = Field(default_factory=list)

    default_region: str = "SN"
    ussd_country: str = "CM"
    ussd_brand: str = "PerfectPay"
    ussd_command_words: str = "CON/END"
    ussd_deadline_ms: int = Field(default=4000, ge=500)
    notice_four_eyes_above: int = 1_000  # recipients; a second person decides on more

    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_label: str = "Compte de l'organisation"

    log_level: str = "INFO"
    log_dir: Path | None = None

    @field_validator("trusted_proxies", "metrics_allowed_ips", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return parse_networks(value) if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.adopt_other_names()
        if not self.database_url and self.db_host:
            self.database_url = (
                f"postgresql://{quote(self.db_user, safe='')}:{quote(self.db_password.get_secret_value(), safe='')}"
                f"@{self.db_host}:{self.db_port}/{self.db_name}"
            )
        if not self.public_base_url:
            self.public_base_url = f"http://{self.host}:{self.port}"
        if self.is_forgiving:
            self._make_missing_secrets()
        self._refuse_weak_secrets()
        return self

    @property
    def is_forgiving(self) -> bool:
        """Whether missing secrets are made instead of refused."""
        return self.environment in {Environment.DEVELOPMENT, Environment.TEST}

    @property
    def wants_fakes(self) -> bool:
        """Whether the fakes are to run, as long as no live account is active."""
        is_development = self.environment is Environment.DEVELOPMENT
        return self.fakes is FakesMode.ON or (self.fakes is FakesMode.AUTO and is_development)

    def _make_missing_secrets(self) -> None:
        kept = _KeptSecrets(self.data_dir / "secrets.env")
        makers = {
            "secret_key": lambda: secrets.token_urlsafe(48),
            "secrets_key": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
            "pin_peppers": lambda: "1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "input_mac_key": lambda: secrets.token_urlsafe(48),
            "api_key": lambda: secrets.token_urlsafe(32),
        }
        for name, make in makers.items():
            if not getattr(self, name).get_secret_value():
                setattr(self, name, SecretStr(kept.get_or_make(name, make)))
        kept.save()

    def _refuse_weak_secrets(self) -> None:
        if self.is_forgiving:
            return
        problems = [
            f"{name.upper()} doit compter au moins {shortest} caractères et ne pas être un exemple"
            for name, shortest in (
                ("secret_key", SHORTEST_SECRET),
                ("secrets_key", SHORTEST_SECRET),
                ("pin_peppers", SHORTEST_SECRET),
                ("input_mac_key", SHORTEST_SECRET),
                ("api_key", SHORTEST_API_KEY),
            )
            if not _is_strong(getattr(self, name).get_secret_value(), shortest)
        ]
        if self.db_password.get_secret_value().lower() in SAMPLE_SECRETS:
            problems.append("DB_PASSWORD est celui de l'exemple")
        if self.environment is Environment.PRODUCTION:
            problems += ["DEBUG ne se met pas en production"] if self.debug else []
            problems += ["ALLOWED_HOSTS nomme les hôtes, « * » n'en est pas un"] if "*" in self.allowed_hosts else []
        if problems:
            raise ValueError(" ; ".join(problems))


def parse_networks(text: str) -> list[Network]:
    """Read a comma list of addresses and CIDR ranges."""
    return [ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def _is_strong(secret: str, shortest: int) -> bool:
    return len(secret) >= shortest and secret.lower() not in SAMPLE_SECRETS and len(set(secret)) > 8  # noqa: PLR2004


class _KeptSecrets:
    """Secrets made in development, in a file only its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self._values = dict(line.split("=", 1) for line in lines if "=" in line)
        self._is_changed = False

    def get_or_make(self, name: str, make: Callable[[], str]) -> str:
        if name not in self._values:
            self._values[name] = make()
            self._is_changed = True
        return self._values[name]

    def save(self) -> None:
        if not self._is_changed:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        self._path.write_text("".join(f"{name}={value}\n" for name, value in self._values.items()))


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read at the first call."""
    return Settings()
