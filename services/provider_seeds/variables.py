"""The accounts that the environment's variables describe: which variable is which secret or setting of which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from core.addresses import is_inside
from core.settings import Settings
from models.transfers import ProviderEnvironment
from providers.http import LOOPBACK

LIVE, SANDBOX, FAKE = ProviderEnvironment

SMTP_BACKEND = "smtp.EmailBackend"
SMTPS_PORT = 465

# MTN's target environments and the country and currency behind each; its sandbox counts in euros only.
_MTN_TARGETS = {
    "sandbox": ("", "EUR"),
    "mtnbenin": ("BJ", "XOF"),
    "mtnivorycoast": ("CI", "XOF"),
    "mtncameroon": ("CM", "XAF"),
    "mtncongo": ("CG", "XAF"),
    "mtnguineaconakry": ("GN", "GNF"),
}
_WEBPAY_CURRENCIES = {"ci": "XOF", "bf": "XOF", "ml": "XOF", "sn": "XOF", "cm": "XAF", "gn": "GNF", "cd": "CDF"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account as the environment describes it. `secrets` and `settings` map their names to variables.

    `groups` are variables that go together: some without the others is a half-filled set. `previous` are secrets that
    stay good while a new one takes their place.
    """

    code: str
    label: str
    adapter: str
    environment: ProviderEnvironment
    base_url: str
    country: str = ""
    currency: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[tuple[str, ...], ...] = ()


def read_value(settings: Settings, variable: str) -> str:
    """Return the value of a variable, secrets in clear."""
    value = getattr(settings, variable.lower())
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def list_wanted(settings: Settings) -> list[Wanted]:
    """Return the accounts of which at least one variable is filled."""
    described = (*_money(settings), *_messages(settings))
    return [wanted for wanted in described if any(read_value(settings, name) for name in own_variables(wanted))]


def own_variables(wanted: Wanted) -> tuple[str, ...]:
    """Return the variables whose presence asks for the account; those with a default ask for nothing."""
    return tuple(dict.fromkeys(name for group in wanted.groups for name in group))


def list_missing(settings: Settings, wanted: Wanted) -> list[str]:
    """Return the variables that are empty though others of their group are filled; the first group is needed whole."""
    missing: list[str] = []
    for rank, group in enumerate(wanted.groups):
        empty = [name for name in group if not read_value(settings, name)]
        if rank == 0 or len(empty) < len(group):
            missing += empty
    return missing


def _prefixed(prefix: str, names: Mapping[str, str]) -> dict[str, str]:
    return {secret: f"{prefix}{variable}" for secret, variable in names.items()}


def _money(settings: Settings) -> list[Wanted]:
    switch = _mojaloop(settings)
    return [_webpay(settings), _sonatel(), _cameroon(), _mtn(settings), _wave(settings), _pawapay(settings), switch]


def _webpay(settings: Settings) -> Wanted:
    market = settings.orange_money_market.lower()
    is_test = market == "dev"
    secrets = _prefixed(
        "ORANGE_MONEY_", {"client_id": "API_KEY", "client_secret": "API_SECRET", "merchant_key": "MERCHANT_KEY"}
    )
    return Wanted(
        code=f"orange-webpay-{market}",
        label=f"Orange Money WebPay ({market})",
        adapter="orange_webpay",
        environment=SANDBOX if is_test else LIVE,
        base_url="https://api.orange.com",
        country="" if is_test else market.upper(),
        currency="XOF" if is_test else _WEBPAY_CURRENCIES.get(market, "XOF"),
        secrets=secrets,
        settings={"market": "ORANGE_MONEY_MARKET"},
        fixed={"name": settings.app_name},
        groups=(tuple(secrets.values()),),
    )


def _sonatel() -> Wanted:
    needed = _prefixed("ORANGE_SONATEL_", {"client_id": "CLIENT_ID", "client_secret": "CLIENT_SECRET"})
    payout = _prefixed("ORANGE_SONATEL_", {"payout_msisdn": "PAYOUT_MSISDN", "payout_pin": "PAYOUT_PIN"})
    callback = _prefixed(
        "ORANGE_SONATEL_", {"callback_secret": "CALLBACK_SECRET", "callback_api_key": "CALLBACK_API_KEY"}
    )
    return Wanted(
        code="orange-sonatel",
        label="Orange Money Sénégal",
        adapter="orange_sonatel",
        environment=LIVE,
        base_url="https://api.orange-sonatel.com",
        country="SN",
        currency="XOF",
        secrets={**needed, **payout, **callback},
        settings={"code": "ORANGE_SONATEL_MERCHANT_CODE", "name": "APP_NAME"},
        fixed={"mode": "qr", "validity_s": 900},
        groups=((*needed.values(), "ORANGE_SONATEL_MERCHANT_CODE"), tuple(payout.values())),
    )


def _cameroon() -> Wanted:
    names = ("client_id", "client_secret", "x_auth_token", "channel_msisdn", "channel_pin")
    secrets = {name: f"ORANGE_CM_{name.upper()}" for name in names}
    return Wanted(
        code="orange-cm",
        label="Orange Money Cameroun",
        adapter="orange_cm",
        environment=LIVE,
        base_url="https://api-s1.orange.cm",
        country="CM",
        currency="XAF",
        secrets=secrets,
        groups=(tuple(secrets.values()),),
    )


def _mtn(settings: Settings) -> Wanted:
    target = settings.mtn_momo_target_environment
    country, currency = _MTN_TARGETS.get(target, ("", ""))
    is_test = target == "sandbox"
    # The documented names are older than ours: the «secret» is the subscription key.
    kinds = {"user": "API_USER", "key": "API_KEY", "subscription": "API_SECRET"}
    collection = {f"collection_{kind}": f"MTN_MOMO_{name}" for kind, name in kinds.items()}
    disbursement = {f"disbursement_{kind}": f"MTN_MOMO_DISBURSEMENT_{name}" for kind, name in kinds.items()}
    host = "sandbox.momodeveloper.mtn.com" if is_test else "proxy.momoapi.mtn.com"
    return Wanted(
        code=f"mtn-{target}",
        label=f"MTN MoMo ({target})",
        adapter="mtn",
        environment=SANDBOX if is_test else LIVE,
        base_url=f"https://{host}",
        country=country,
        currency=currency,
        secrets={**collection, **disbursement},
        settings={"target_environment": "MTN_MOMO_TARGET_ENVIRONMENT"},
        groups=(tuple(collection.values()), tuple(disbursement.values())),
    )


def _wave(settings: Settings) -> Wanted:
    # A key names its wallet: wave_sn_prod_…
    country = "CI" if read_value(settings, "WAVE_API_KEY").startswith("wave_ci_") else "SN"
    return Wanted(
        code=f"wave-{country.lower()}",
        label=f"Wave ({country})",
        adapter="wave",
        environment=LIVE,
        base_url="https://api.wave.com",
        country=country,
        currency="XOF",
        secrets={
            "api_key": "WAVE_API_KEY",
            "webhook_secret": "WAVE_WEBHOOK_SECRET",
            "signing_secret": "WAVE_SIGNING_SECRET",
        },
        fixed={"strategy": "hmac", "link_minutes": 30},
        groups=(("WAVE_API_KEY", "WAVE_WEBHOOK_SECRET"),),
    )


def _pawapay(settings: Settings) -> Wanted:
    is_test = settings.pawapay_environment == "sandbox"
    return Wanted(
        code="pawapay-sandbox" if is_test else "pawapay",
        label="pawaPay (sandbox)" if is_test else "pawaPay",
        adapter="pawapay",
        environment=SANDBOX if is_test else LIVE,
        base_url=f"https://api.{'sandbox.' if is_test else ''}pawapay.io",
        secrets={"api_token": "PAWAPAY_API_TOKEN"},
        fixed={"signed_callbacks": settings.pawapay_signed_callbacks},
        groups=(("PAWAPAY_API_TOKEN",),),
    )


def _mojaloop(settings: Settings) -> Wanted:
    """Return the rail of pensions: the scheme adapter that stands beside us."""
    names = ("mode", "concurrency", "rate", "read_timeout_s", "expiry_s", "probe_id")
    return Wanted(
        code="mojaloop",
        label="Switch (Mojaloop)",
        adapter="mojaloop",
        environment=LIVE,
        base_url=settings.scheme_adapter_url,
        currency="XOF",
        settings={**_prefixed("MOJALOOP_", {name: name.upper() for name in names}), "path": "MOJALOOP_DFSP_PATH"},
        groups=(("SCHEME_ADAPTER_URL",),),
    )


def _messages(settings: Settings) -> list[Wanted]:
    twilio = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
    is_at_test = settings.at_username == "sandbox"
    found = [
        _twilio(settings, "twilio-sms", "SMS (Twilio)", "TWILIO_SMS_FROM") if settings.twilio_sms_from else None,
        _twilio(settings, "twilio-whatsapp", "WhatsApp (Twilio)", "TWILIO_WHATSAPP_NUMBER")
        if settings.twilio_whatsapp_number or (not settings.twilio_sms_from and _any(settings, twilio))
        else None,
        _meta(settings),
        Wanted(
            code="africas-talking",
            label="SMS (Africa's Talking)",
            adapter="africas_talking",
            environment=SANDBOX if is_at_test else LIVE,
            base_url=f"https://api.{'sandbox.' if is_at_test else ''}africastalking.com",
            secrets={"api_key": "AT_API_KEY"},
            settings={"username": "AT_USERNAME", "sender": "AT_SENDER"},
            groups=(("AT_USERNAME", "AT_API_KEY"),),
        ),
        Wanted(
            code="kannel",
            label="SMS (Kannel)",
            adapter="kannel",
            environment=LIVE,
            base_url=settings.kannel_url,
            secrets={"password": "KANNEL_PASSWORD"},
            settings={"username": "KANNEL_USERNAME", "sender": "KANNEL_SENDER"},
            groups=(("KANNEL_URL", "KANNEL_USERNAME", "KANNEL_PASSWORD"),),
        ),
        _kannel_ussd(settings) if settings.kannel_ussd_code else None,
        _smtp(settings),
        Wanted(
            code="web-push",
            label="Notifications du navigateur",
            adapter="web_push",
            environment=LIVE,
            base_url="",
            secrets={"vapid_private_key": "VAPID_PRIVATE_KEY"},
            settings={"subject": "VAPID_SUBJECT"},
            groups=(("VAPID_PRIVATE_KEY", "VAPID_SUBJECT"),),
        ),
    ]
    return [wanted for wanted in found if wanted is not None]


def _kannel_ussd(settings: Settings) -> Wanted:
    """Return the screens pushed by the same box: over which link, under which code, to the phones of which networks."""
    link = ("KANNEL_USSD_CODE", "KANNEL_USSD_SMSC", "KANNEL_USSD_NETWORKS")
    return Wanted(
        code="kannel-ussd",
        label="Messages flash (Kannel)",
        adapter="kannel_ussd",
        environment=LIVE,
        base_url=settings.kannel_url,
        secrets={"password": "KANNEL_PASSWORD"},
        settings={
            "username": "KANNEL_USERNAME",
            **dict(zip(("service_code", "smsc", "networks"), link, strict=True)),
        },
        groups=(("KANNEL_URL", "KANNEL_USERNAME", "KANNEL_PASSWORD", *link),),
    )


def _twilio(settings: Settings, code: str, label: str, sender: str) -> Wanted:
    return Wanted(
        code=code,
        label=label,
        adapter=code.replace("-", "_"),
        environment=_environment_of(settings.twilio_api_base_url),
        base_url=settings.twilio_api_base_url,
        secrets={"auth_token": "TWILIO_AUTH_TOKEN", "shared_keys": "TWILIO_SHARED_KEYS"},
        previous={"auth_token": "TWILIO_AUTH_TOKEN_PREVIOUS"},
        settings={"account_sid": "TWILIO_ACCOUNT_SID", "from": sender},
        groups=(("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", sender),),
    )


def _environment_of(base_url: str) -> ProviderEnvironment:
    """Return live, unless the variable points at this machine: that is a fake, whoever runs it."""
    return FAKE if is_inside(urlsplit(base_url).hostname or "", LOOPBACK) else LIVE


def _meta(settings: Settings) -> Wanted:
    return Wanted(
        code="meta-whatsapp",
        label="WhatsApp (Meta)",
        adapter="meta_whatsapp",
        environment=_environment_of(settings.meta_api_base_url),
        base_url=settings.meta_api_base_url,
        secrets={
            "token": "META_WHATSAPP_TOKEN",
            "app_secret": "META_APP_SECRET",
            "verify_token": "META_VERIFY_TOKEN",
        },
        settings={"phone_number_id": "META_PHONE_NUMBER_ID"},
        groups=(("META_WHATSAPP_TOKEN", "META_PHONE_NUMBER_ID"), ("META_APP_SECRET", "META_VERIFY_TOKEN")),
    )


def _smtp(settings: Settings) -> Wanted | None:
    """Return the mail account; a back end that is not SMTP keeps e-mails in the outbox page."""
    if not settings.email_backend.endswith(SMTP_BACKEND) and (settings.email_backend or not settings.email_host):
        return None
    scheme = "smtps" if settings.email_port == SMTPS_PORT else "smtp+starttls" if settings.email_use_tls else "smtp"
    return Wanted(
        code="courriel",
        label="Courriel",
        adapter="smtp",
        environment=LIVE,
        base_url=f"{scheme}://{quote(settings.email_host)}:{settings.email_port}" if settings.email_host else "",
        secrets={"password": "EMAIL_HOST_PASSWORD"},
        settings={"from": "EMAIL_FROM", "username": "EMAIL_HOST_USER"},
        groups=(("EMAIL_HOST", "EMAIL_FROM"), ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")),
    )


def _any(settings: Settings, variables: tuple[str, ...]) -> bool:
    return any(read_value(settings, name) for name in variables)
