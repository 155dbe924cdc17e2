"""The accounts of the fakes, as the demonstration seeds them and the tests use them. Nothing in them opens anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from providers.answers import Account
from providers.fakes.keys import secret_of

TIMEZONES = {"BJ": "Africa/Porto-Novo", "SN": "Africa/Dakar", "CI": "Africa/Abidjan", "CM": "Africa/Douala"}

_WEBPAY = ("client_id", "client_secret", "merchant_key")
_SONATEL = ("client_id", "client_secret", "payout_msisdn", "payout_pin", "callback_secret")
_CAMEROON = ("client_id", "client_secret", "x_auth_token", "channel_msisdn", "channel_pin")
_MTN = tuple(f"{product}_{kind}" for product in ("collection", "disbursement") for kind in ("user", "key"))
_MTN_ALL = (*_MTN, "collection_subscription", "disbursement_subscription")


@dataclass(frozen=True, slots=True)
class FakeAccount:
    """One account of a fake. No country: it serves several; no currency: any of those we count in."""

    adapter: str
    code: str
    label: str
    country: str = ""
    currency: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()

    @property
    def secrets(self) -> dict[str, str]:
        """Return the secrets that the fake expects."""
        return {name: secret_of(self.adapter, name) for name in self.secret_names}

    def view(self, root: str) -> Account:
        """Return it as an adapter sees it, on the server of fakes at `root`."""
        return Account(
            id=account_id(self.code),
            code=self.code,
            adapter=self.adapter,
            environment="fake",
            country=self.country,
            currency=self.currency,
            base_url=f"{root}/{self.adapter}",
            settings=self.settings,
            secrets=self.secrets,
            timezone=TIMEZONES.get(self.country, "UTC"),
        )


def account_id(code: str) -> UUID:
    """Return the id of a fake account where no table gives it one."""
    return uuid5(NAMESPACE_URL, f"palabre:fake-account:{code}")


def _webpay(country: str, currency: str) -> FakeAccount:
    settings = {"market": country.lower(), "currency": currency, "name": "Palabre"}
    code = f"orange-{country.lower()}-fictif"
    return FakeAccount("orange_webpay", code, f"Orange Money {country}", country, currency, settings, _WEBPAY)


def _mtn(country: str, currency: str, target: str) -> FakeAccount:
    code = f"mtn-{country.lower()}-fictif"
    return FakeAccount("mtn", code, f"MTN MoMo {country}", country, currency, {"target_environment": target}, _MTN_ALL)


# One wallet for every country, as its list is one: two accounts on one wallet would each miss the other's payments.
_WAVE = {"strategy": "hmac", "link_minutes": 30, "restrict_payer_mobile": False}

_TWILIO = {"account_sid": "AC" + "0" * 31 + "1"}
_MESSAGES = (
    FakeAccount(
        "africas_talking",
        "africas-talking-fictif",
        "Africa's Talking",
        settings={"username": "palabre", "sender": "Palabre"},
        secret_names=("api_key",),
    ),
    FakeAccount(
        "kannel",
        "kannel-fictif",
        "Kannel",
        settings={"username": "palabre", "sender": "Palabre"},
        secret_names=("password",),
    ),
    FakeAccount(
        "kannel_ussd",
        "kannel-ussd-fictif",
        "Kannel (USSD)",
        settings={"username": "palabre", "service_code": "*155#", "smsc": "USSD1", "networks": "Orange, Moov"},
        secret_names=("password",),
    ),
    FakeAccount(
        "mtn_madapi",
        "mtn-ussd-fictif",
        "MTN (USSD)",
        settings={"service_code": "155", "networks": "MTN"},
        secret_names=("api_key",),
    ),
    FakeAccount(
        "twilio_sms",
        "twilio-sms-fictif",
        "SMS (Twilio)",
        settings={**_TWILIO, "from": "+15005550006"},
        secret_names=("auth_token",),
    ),
    FakeAccount(
        "twilio_whatsapp",
        "twilio-whatsapp-fictif",
        "WhatsApp (Twilio)",
        settings={**_TWILIO, "from": "+14155238886"},
        secret_names=("auth_token", "shared_keys"),
    ),
    FakeAccount(
        "meta_whatsapp",
        "whatsapp-fictif",
        "WhatsApp (Meta)",
        settings={"phone_number_id": "106540352242922", "graph_version": "v21.0"},
        secret_names=("token", "app_secret", "verify_token"),
    ),
    FakeAccount("smtp", "courriel-fictif", "Courriel", settings={"from": "Palabre <palabre@palabre.example>"}),
    FakeAccount(
        "web_push",
        "push-fictif",
        "Notifications du navigateur",
        settings={"subject": "mailto:palabre@palabre.example"},
        secret_names=("vapid_private_key",),
    ),
)
MESSAGE_ADAPTERS = tuple(account.adapter for account in _MESSAGES)

ACCOUNTS: tuple[FakeAccount, ...] = (
    *(_webpay(country, currency) for country, currency in (("CI", "XOF"), ("BF", "XOF"), ("ML", "XOF"))),
    _webpay("GN", "GNF"),
    _webpay("CD", "CDF"),
    FakeAccount(
        "orange_sonatel",
        "sonatel-fictif",
        "Orange Money SN",
        "SN",
        "XOF",
        {"code": "621000", "name": "Palabre", "mode": "qr", "validity_s": 900},
        _SONATEL,
    ),
    FakeAccount("orange_cm", "orange-cm-fictif", "Orange Money CM", "CM", "XAF", {}, _CAMEROON),
    _mtn("BJ", "XOF", "mtnbenin"),
    _mtn("CI", "XOF", "mtnivorycoast"),
    _mtn("CM", "XAF", "mtncameroon"),
    _mtn("CG", "XAF", "mtncongo"),
    _mtn("GN", "GNF", "mtnguineaconakry"),
    FakeAccount("wave", "wave-fictif", "Wave", "", "XOF", _WAVE, ("api_key", "webhook_secret", "signing_secret")),
    FakeAccount(
        "pawapay", "pawapay-fictif", "pawaPay", settings={"signed_callbacks": True}, secret_names=("api_token",)
    ),
    FakeAccount("mixx", "mixx-fictif", "Mixx by Yas", "SN", "XOF", {"signed_callbacks": True}, ("api_token",)),
    FakeAccount("moov", "moov-fictif", "Moov Money", "", "XOF", {"signed_callbacks": True}, ("api_token",)),
    FakeAccount("biller", "facturier-fictif", "Facturier", secret_names=("api_key",)),
    FakeAccount("airtime", "credit-fictif", "Crédit téléphonique", secret_names=("api_key",)),
    FakeAccount("mojaloop", "mojaloop-fictif", "Switch (Mojaloop)", "", "XOF", {"mode": "one_step"}),
    *_MESSAGES,
)


def account_of(adapter: str, country: str = "") -> FakeAccount:
    """Return the first fake account of an adapter, in a country if it is given."""
    mine = [one for one in ACCOUNTS if one.adapter == adapter]
    return next(one for one in mine if country in {"", one.country} or not one.country)
