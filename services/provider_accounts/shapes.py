"""What an account of each adapter is made of: its settings, its secrets, and the only hosts it may be sent to.

Data, not code: a new adapter is a row here and a file in `providers`. An account that lacks a secret of its row stays
paused and says which. Loopback, and nothing else, is for `fake` accounts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.addresses import is_network
from models.transfers import ProviderEnvironment

LIVE, SANDBOX, FAKE = ProviderEnvironment


@dataclass(frozen=True, slots=True)
class Shape:
    """One adapter's row. `secrets` are all needed; `optional` secrets and settings may be absent."""

    label: str
    secrets: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    live_hosts: tuple[str, ...] = ()
    sandbox_hosts: tuple[str, ...] = ()
    callback: str = ""
    is_signed: bool = False  # its callbacks carry a signature or a secret: an unproved one is refused
    schemes: tuple[str, ...] = ("https",)
    is_hosted_by_us: bool = False  # its server is the installation's own: the environment names it, nobody types it

    def hosts(self, environment: ProviderEnvironment) -> tuple[str, ...]:
        """Return the hosts of the provider in an environment; a fake's are all loopback and not listed."""
        return {LIVE: self.live_hosts, SANDBOX: self.sandbox_hosts, FAKE: ()}[environment]


_ORANGE_CM_HOSTS = ("api-s1.orange.cm", "apiw.orange.cm")
_PAWAPAY = Shape(
    "pawaPay",
    secrets=("api_token",),
    optional=("signing_key",),
    live_hosts=("api.pawapay.io",),
    sandbox_hosts=("api.sandbox.pawapay.io",),
    callback="pawapay",
    is_signed=True,
)
_TWILIO = Shape(
    "Twilio",
    secrets=("auth_token",),
    settings=("account_sid", "from"),
    optional=("shared_keys", "report_secret"),
    live_hosts=("api.twilio.com",),
    is_signed=True,
)

SHAPES: dict[str, Shape] = {
    "orange_webpay": Shape(
        "Orange Money WebPay",
        secrets=("client_id", "client_secret", "merchant_key"),
        settings=("market",),
        live_hosts=("api.orange.com",),
        sandbox_hosts=("api.orange.com",),
        callback="orange",
    ),
    "orange_sonatel": Shape(
        "Orange Sonatel",
        secrets=("client_id", "client_secret"),
        settings=("code", "name"),
        optional=("payout_msisdn", "payout_pin", "callback_secret", "callback_api_key"),
        live_hosts=("api.orange-sonatel.com",),
        sandbox_hosts=("api.sandbox.orange-sonatel.com",),
        callback="orange",
        is_signed=True,
    ),
    "orange_cm": Shape(
        "Orange Cameroun",
        secrets=("client_id", "client_secret", "x_auth_token", "channel_msisdn", "channel_pin"),
        live_hosts=_ORANGE_CM_HOSTS,
        sandbox_hosts=_ORANGE_CM_HOSTS,
        callback="orange",
    ),
    "mtn": Shape(
        "MTN MoMo",
        secrets=("collection_user", "collection_key", "collection_subscription"),
        settings=("target_environment",),
        optional=("disbursement_user", "disbursement_key", "disbursement_subscription"),
        live_hosts=("proxy.momoapi.mtn.com", "momoapi.momo.africa"),
        sandbox_hosts=("sandbox.momodeveloper.mtn.com",),
        callback="mtn",
    ),
    "wave": Shape(
        "Wave",
        secrets=("api_key", "webhook_secret"),
        optional=("signing_secret",),
        live_hosts=("api.wave.com",),
        callback="wave",
        is_signed=True,
    ),
    "pawapay": _PAWAPAY,
    "mixx": _PAWAPAY,
    "moov": _PAWAPAY,
    "biller": Shape("Facturier", secrets=("api_key",), is_hosted_by_us=True),
    "airtime": Shape("Crédit téléphonique", secrets=("api_key",), is_hosted_by_us=True),
    "mojaloop": Shape("Mojaloop", schemes=("https", "http"), is_hosted_by_us=True),
    "africas_talking": Shape(
        "Africa's Talking",
        secrets=("api_key",),
        settings=("username",),
        optional=("report_secret",),
        live_hosts=("api.africastalking.com",),
        sandbox_hosts=("api.sandbox.africastalking.com",),
    ),
    "kannel": Shape(
        "Kannel",
        secrets=("password",),
        settings=("username",),
        optional=("report_secret",),
        schemes=("https", "http"),
        is_hosted_by_us=True,
    ),
    "kannel_ussd": Shape(
        "Kannel (USSD)",
        secrets=("password",),
        settings=("username", "service_code", "smsc", "networks"),
        optional=("report_secret",),
        schemes=("https", "http"),
        is_hosted_by_us=True,
    ),
    "mtn_madapi": Shape(
        "MTN (USSD)",
        secrets=("api_key",),
        settings=("service_code", "networks"),
        live_hosts=("api.mtn.com",),
        sandbox_hosts=("preprod.api.mtn.com",),
    ),
    "twilio_sms": _TWILIO,
    "twilio_whatsapp": _TWILIO,
    "meta_whatsapp": Shape(
        "WhatsApp (Meta)",
        secrets=("token",),
        settings=("phone_number_id",),
        optional=("app_secret", "verify_token"),
        live_hosts=("graph.facebook.com",),
    ),
    "smtp": Shape(
        "Courriel",
        settings=("from",),
        optional=("password",),
        schemes=("smtp", "smtps", "smtp+starttls"),
        is_hosted_by_us=True,
    ),
    "web_push": Shape(
        "Notifications du navigateur", secrets=("vapid_private_key",), settings=("subject",), is_hosted_by_us=True
    ),
}


def find_wrong_setting(settings: Mapping[str, Any]) -> str | None:
    """Return the name of a setting of every adapter that could not be read later, or None."""
    if not isinstance(settings.get("shared", False), bool):
        return "shared"
    addresses = settings.get("callback_addresses", "")
    if not isinstance(addresses, str) or not all(is_network(part) for part in addresses.split(",") if part.strip()):
        return "callback_addresses"
    try:
        ZoneInfo(str(settings.get("timezone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return "timezone"
    return None
