"""Variables of the pension document and of the installations before ours, under their own names (`docs/pensions.md`).

Where one thing has two names, the first of the pair wins; when both are set and differ, a notice says so. What has no
use here any more is accepted and ignored, with a notice.
"""

from typing import Annotated, Any

from pydantic import PrivateAttr, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

_EMPTY = SecretStr("")

# Ours or the document's, then the other name.
SAME = (
    ("secret_key", "django_secret_key"),
    ("debug", "django_debug"),
    ("public_base_url", "frontend_url"),
    ("email_from", "default_from_email"),
    ("db_name", "postgres_db"),
    ("db_user", "postgres_user"),
    ("db_password", "postgres_password"),
    ("db_host", "postgres_host"),
    ("db_port", "postgres_port"),
    ("scheme_adapter_url", "mojaloop_url"),
)
IGNORED = ("use_sqlite", "celery_broker_url", "celery_result_backend", "django_settings_module")


class DocumentSettings(BaseSettings):
    """The names that other installations of the product used."""

    allowed_hosts: Annotated[list[str], NoDecode] = []

    django_secret_key: SecretStr = _EMPTY
    django_debug: bool = False
    frontend_url: str = ""
    default_from_email: str = ""
    postgres_db: str = ""
    postgres_user: str = ""
    postgres_password: SecretStr = _EMPTY
    postgres_host: str = ""
    postgres_port: int = 5432
    mojaloop_url: str = ""

    use_sqlite: str = ""
    celery_broker_url: str = ""
    celery_result_backend: str = ""
    django_settings_module: str = ""

    _notices: list[str] = PrivateAttr(default_factory=list)

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return [part.strip().lower() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @property
    def notices(self) -> tuple[str, ...]:
        """Return what the log should say of the names that were used."""
        return tuple(self._notices)

    @property
    def host_patterns(self) -> list[str]:
        """Return the hosts we answer to, and ourselves; none when any will do. `.example.org` stands for all below."""
        if not self.allowed_hosts:
            return []
        wide = [f"*{host}" for host in self.allowed_hosts if host.startswith(".")]
        return [*(host.lstrip(".") for host in self.allowed_hosts), *wide, "localhost", "127.0.0.1"]

    def adopt_other_names(self) -> None:
        """Take what was set under the other name only."""
        for name, other in SAME:
            if other not in self.model_fields_set:
                continue
            if name not in self.model_fields_set or not _plain(getattr(self, name)):
                setattr(self, name, getattr(self, other))
            elif _plain(getattr(self, name)) != _plain(getattr(self, other)):
                self._notices.append(f"{other.upper()} diffère de {name.upper()}, qui l'emporte")
        ignored = [name.upper() for name in IGNORED if getattr(self, name)]
        if ignored:
            self._notices.append(f"sans effet ici : {', '.join(ignored)}")


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
