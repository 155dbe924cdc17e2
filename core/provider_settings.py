"""The variables that seed provider accounts on the first start, and where the fakes run. Later, accounts are rows."""

from enum import StrEnum

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

_EMPTY = SecretStr("")


class FakesMode(StrEnum):
    """Whether the fakes run: `auto` is on in development only, and never while a live account is active."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class ProviderSettings(BaseSettings):
    """Names are those of the owner's documents where they give one."""

    orange_money_api_key: SecretStr = _EMPTY
    orange_money_api_secret: SecretStr = _EMPTY
    orange_money_merchant_key: SecretStr = _EMPTY
    orange_money_market: str = "dev"

    orange_sonatel_client_id: SecretStr = _EMPTY
    orange_sonatel_client_secret: SecretStr = _EMPTY
    orange_sonatel_merchant_code: str = ""
    orange_sonatel_payout_msisdn: SecretStr = _EMPTY
    orange_sonatel_payout_pin: SecretStr = _EMPTY
    orange_sonatel_callback_secret: SecretStr = _EMPTY
    orange_sonatel_callback_api_key: SecretStr = _EMPTY

    orange_cm_client_id: SecretStr = _EMPTY
    orange_cm_client_secret: SecretStr = _EMPTY
    orange_cm_x_auth_token: SecretStr = _EMPTY
    orange_cm_channel_msisdn: SecretStr = _EMPTY
    orange_cm_channel_pin: SecretStr = _EMPTY

    mtn_momo_api_user: SecretStr = _EMPTY
    mtn_momo_api_key: SecretStr = _EMPTY
    mtn_momo_api_secret: SecretStr = _EMPTY
    mtn_momo_target_environment: str = "sandbox"
    mtn_momo_disbursement_api_user: SecretStr = _EMPTY
    mtn_momo_disbursement_api_key: SecretStr = _EMPTY
    mtn_momo_disbursement_api_secret: SecretStr = _EMPTY

    wave_api_key: SecretStr = _EMPTY
    wave_webhook_secret: SecretStr = _EMPTY
    wave_signing_secret: SecretStr = _EMPTY

    pawapay_api_token: SecretStr = _EMPTY
    pawapay_environment: str = Field(default="sandbox", pattern="^(sandbox|live|production)$")
    pawapay_signed_callbacks: bool = True

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = _EMPTY
    twilio_auth_token_previous: SecretStr = _EMPTY
    twilio_shared_keys: SecretStr = _EMPTY
    twilio_api_base_url: str = "https://api.twilio.com"
    twilio_whatsapp_number: str = ""
    twilio_sms_from: str = ""
    meta_whatsapp_token: SecretStr = _EMPTY
    meta_phone_number_id: str = ""
    meta_verify_token: SecretStr = _EMPTY
    meta_app_secret: SecretStr = _EMPTY
    meta_api_base_url: str = "https://graph.facebook.com"

    at_username: str = ""
    at_api_key: SecretStr = _EMPTY
    at_sender: str = ""
    kannel_url: str = ""
    kannel_username: str = ""
    kannel_password: SecretStr = _EMPTY
    kannel_sender: str = ""
    kannel_ussd_code: str = ""
    kannel_ussd_smsc: str = ""
    kannel_ussd_networks: str = ""

    scheme_adapter_url: str = Field(default="", max_length=200)
    mojaloop_mode: str = Field(default="one_step", pattern="^(one_step|two_step)$")
    mojaloop_dfsp_path: str = ""
    mojaloop_callback_token: SecretStr = _EMPTY
    mojaloop_concurrency: int = Field(default=10, ge=1, le=200)
    mojaloop_rate: float = Field(default=20, gt=0, le=2_000)
    mojaloop_read_timeout_s: float = Field(default=100, ge=1, le=600)
    mojaloop_expiry_s: float = Field(default=60, ge=1, le=3_600)
    mojaloop_probe_id: str = Field(default="", pattern=r"^\+?[0-9]*$")
    pension_max_rows: int = Field(default=1_000_000, ge=1, le=1_000_000)
    pension_max_mb: int = Field(default=100, ge=1, le=100)
    pension_workers: int = Field(default=1, ge=0, le=16)  # in this process; 0 where others send

    email_backend: str = ""
    email_host: str = ""
    email_port: int = Field(default=587, ge=1, le=65_535)
    email_use_tls: bool = True
    email_host_user: str = ""
    email_host_password: SecretStr = _EMPTY
    email_from: str = ""
    email_alertes: str = ""

    vapid_private_key: SecretStr = _EMPTY
    vapid_subject: str = ""

    outbound_proxy: str = ""
    fakes: FakesMode = FakesMode.AUTO
    fakes_port: int = Field(default=0, ge=0, le=65_535)
    fake_seed: str = "1"
