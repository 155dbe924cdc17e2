"""Variables of the health identifiers over WhatsApp, under the owner's names where his document gives one."""

from pathlib import Path
from typing import Self
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_EMPTY = SecretStr("")

WEBHOOK_PATH = "/whatsapp/webhook"
# Kept outside the database, and better outside the environment too: each may be the content of a file.
IN_FILES = ("ciu_match_keys", "ciu_data_key", "uic_salt")


class CiuSettings(BaseSettings):
    """What the identifiers are told from outside; without a salt none are issued here."""

    app_version: str = ""
    uic_salt: SecretStr = _EMPTY
    ciu_match_keys: SecretStr = _EMPTY
    ciu_data_key: SecretStr = _EMPTY
    uic_salt_file: Path | None = None
    ciu_match_keys_file: Path | None = None
    ciu_data_key_file: Path | None = None
    ciu_phone_encryption: bool = False
    ciu_cleanup_token: SecretStr = _EMPTY
    ciu_timezone: str = "Africa/Kinshasa"
    enable_qr_code: bool = False
    session_timeout_minutes: int = Field(default=15, ge=1, le=60)
    webhook_path: str = Field(default=WEBHOOK_PATH, pattern=r"^/[A-Za-z0-9][A-Za-z0-9._~/-]*$")
    whatsapp_allow_unsigned: bool = False
    dhis2_base_url: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    dhis2_api_token: SecretStr = _EMPTY

    @field_validator("ciu_phone_encryption", mode="before")
    @classmethod
    def _switch(cls, value: object) -> object:
        return value or False  # «on» and «off» are read as they stand; empty is off

    @field_validator("ciu_timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("CIU_TIMEZONE attend un fuseau, comme Africa/Kinshasa")
        return value

    @model_validator(mode="after")
    def _read_files(self) -> Self:
        for name in IN_FILES:
            path: Path | None = getattr(self, f"{name}_file")
            if path is not None and not getattr(self, name).get_secret_value():
                setattr(self, name, SecretStr(path.read_text(encoding="utf-8").strip()))
        return self

    @property
    def has_ciu(self) -> bool:
        """Whether identifiers are issued here: where a salt was given, or made in development."""
        return bool(self.uic_salt.get_secret_value())
