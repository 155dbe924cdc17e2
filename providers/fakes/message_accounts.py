"""The message accounts of the fakes, as the demonstration seeds them and the tests use them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.answers import Account
from providers.fakes.accounts import account_id
from providers.fakes.keys import secret_of


@dataclass(frozen=True, slots=True)
class FakeMessageAccount:
    """One account of a fake network; it serves its channel everywhere."""

    adapter: str
    code: str
    label: str
    channel: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()
    country: str = ""
    currency: str = ""

    @property
    def secrets(self) -> dict[str, str]:
        """Return the secrets that the fake expects."""
        return {name: message_secret_of(self.adapter, name) for name in self.secret_names}

    def base_url(self, root: str, smtp_port: int = 0) -> str:
        """Return where it listens: under the server of fakes at `root`, or on its own port for mail."""
        return f"smtp://127.0.0.1:{smtp_port}" if self.adapter == "smtp" else f"{root}/{self.adapter}"

    def view(self, root: str, smtp_port: int = 0) -> Account:
        """Return it as an adapter sees it."""
        return Account(
            id=account_id(self.code),
            code=self.code,
            adapter=self.adapter,
            environment="fake",
            country="",
            currency="",
            base_url=self.base_url(root, smtp_port),
            settings=self.settings,
            secrets=self.secrets,
        )


def message_secret_of(adapter: str, name: str) -> str:
    """Return a secret of a fake network; a VAPID key is 32 octets in base64url."""
    if name == "vapid_private_key":
        return base64.urlsafe_b64encode(hashlib.sha256(b"palabre:fake:vapid").digest()).decode().rstrip("=")
    return secret_of(adapter, name)


_TWILIO = {"account_sid": "AC" + "0" * 31 + "1"}

MESSAGE_ACCOUNTS: tuple[FakeMessageAccount, ...] = (
    FakeMessageAccount(
        "kannel", "kannel-fictif", "Kannel", "sms", {"username": "palabre", "sender": "Palabre"}, ("password",)
    ),
    FakeMessageAccount(
        "africas_talking",
        "africas-talking-fictif",
        "Africa's Talking",
        "sms",
        {"username": "palabre", "sender": "Palabre"},
        ("api_key",),
    ),
    FakeMessageAccount(
        "twilio_sms", "twilio-sms-fictif", "Twilio SMS", "sms", {**_TWILIO, "from": "+15005550006"}, ("auth_token",)
    ),
    FakeMessageAccount(
        "twilio_whatsapp",
        "twilio-whatsapp-fictif",
        "WhatsApp (Twilio)",
        "whatsapp",
        {**_TWILIO, "from": "+14155238886"},
        ("auth_token",),
    ),
    FakeMessageAccount(
        "meta_whatsapp",
        "meta-fictif",
        "WhatsApp (Meta)",
        "whatsapp",
        {"phone_number_id": "106540352242922", "graph_version": "v21.0"},
        ("token", "app_secret", "verify_token"),
    ),
    FakeMessageAccount("smtp", "courriel-fictif", "Courriel", "email", {"from": "Palabre <palabre@palabre.example>"}),
    FakeMessageAccount(
        "web_push",
        "push-fictif",
        "Notifications du navigateur",
        "push",
        {"subject": "mailto:palabre@palabre.example"},
        ("vapid_private_key",),
    ),
)


def message_account_of(adapter: str) -> FakeMessageAccount:
    """Return the fake account of a network."""
    return next(one for one in MESSAGE_ACCOUNTS if one.adapter == adapter)
