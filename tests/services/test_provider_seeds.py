"""The accounts an installation begins with: from its environment once, and of the fakes while no real money moves."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from core.database import Session
from core.money import Currency
from core.permissions import SYSTEM
from core.settings import Settings
from models.audit import AuditEntry
from models.transfers import ProviderAccount, ProviderRoute
from providers.fakes.accounts import ACCOUNTS
from services import provider_accounts, provider_seeds, routes
from services.provider_accounts import EditAccount, PauseAccount, SetSecret
from services.provider_seeds import Difference

MTN = {
    "mtn_momo_api_user": "9f2c7a34-5b1e-4c3d-8a6f-0d1e2f3a4b5c",
    "mtn_momo_api_key": "clef-de-collecte-secrete",
    "mtn_momo_api_secret": "abonnement-de-collecte-secret",
    "mtn_momo_target_environment": "mtnbenin",
}
MTN_PAYOUT = {name.replace("momo_api", "momo_disbursement_api"): f"{value}-2" for name, value in MTN.items()}
MTN_PAYOUT.pop("mtn_momo_target_environment")
URLS = {account.adapter: f"http://127.0.0.1:8099/{account.adapter}" for account in ACCOUNTS}


def read(tmp_path: Path, **values: Any) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path, **values)


def accounts(session: Session) -> dict[str, ProviderAccount]:
    return {row.code: row for row in session.exec(select(ProviderAccount))}


def table(session: Session) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    codes = {row.id: row.code for row in session.exec(select(ProviderAccount))}
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for row in session.exec(select(ProviderRoute).order_by(col(ProviderRoute.rank))):
        found.setdefault((row.method, row.country, row.direction), []).append((codes[row.account_id], row.party_code))
    return found


def test_an_empty_environment_makes_nothing(rolled_back: Session, tmp_path: Path) -> None:
    provider_seeds.seed_environment(rolled_back, read(tmp_path))
    assert accounts(rolled_back) == {}
    assert table(rolled_back) == {}
    assert provider_seeds.list_differences(rolled_back, SYSTEM, read(tmp_path)) == []


def test_a_full_set_makes_an_active_account_and_its_routes(rolled_back: Session, tmp_path: Path) -> None:
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **MTN, **MTN_PAYOUT))
    (row,) = accounts(rolled_back).values()
    assert (row.code, row.state, row.environment) == ("mtn-mtnbenin", "active", "live")
    assert (row.country, row.currency, row.base_url) == ("BJ", "XOF", "https://proxy.momoapi.mtn.com")
    assert {"collect", "payout", "refund"} <= set(row.offers)
    assert table(rolled_back) == {
        ("mtn_momo", "BJ", "collect"): [("mtn-mtnbenin", "")],
        ("mtn_momo", "BJ", "payout"): [("mtn-mtnbenin", "")],
    }
    view = provider_accounts.view(rolled_back, row.id)
    assert view.secrets["collection_subscription"] == "abonnement-de-collecte-secret"
    assert b"secrete" not in (row.secrets or b"")


def test_collecting_alone_offers_no_payout(rolled_back: Session, tmp_path: Path) -> None:
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **MTN))
    (row,) = accounts(rolled_back).values()
    assert row.state == "active"
    assert not {"payout", "refund"} & set(row.offers)
    assert list(table(rolled_back)) == [("mtn_momo", "BJ", "collect")]


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"wave_api_key": "wave_sn_prod_xyz0123456789"}, "WAVE_WEBHOOK_SECRET"),
        (
            {**MTN, "mtn_momo_disbursement_api_user": "u"},
            "MTN_MOMO_DISBURSEMENT_API_KEY, MTN_MOMO_DISBURSEMENT_API_SEC",
        ),
        ({"orange_cm_channel_pin": "4711"}, "ORANGE_CM_CLIENT_ID, ORANGE_CM_CLIENT_SECRET, ORANGE_CM_X_AUTH_TOKEN"),
        ({"twilio_account_sid": "AC1"}, "TWILIO_AUTH_TOKEN, TWILIO_WHATSAPP_NUMBER"),
        ({"kannel_url": "http://sms.example:13013"}, "KANNEL_USERNAME, KANNEL_PASSWORD"),
    ],
)
def test_a_half_filled_set_waits_and_says_for_what(
    rolled_back: Session, tmp_path: Path, values: dict[str, str], missing: str
) -> None:
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **values))
    (row,) = accounts(rolled_back).values()
    assert row.state == "paused"
    assert row.pause_reason.startswith(f"Il manque {missing}")
    assert "4711" not in row.pause_reason


def test_every_documented_set_is_understood(rolled_back: Session, tmp_path: Path) -> None:
    secret = "0123456789abcdef-secret"
    values: dict[str, Any] = {
        **{f"orange_money_{name}": secret for name in ("api_key", "api_secret", "merchant_key")},
        **{f"orange_sonatel_{name}": secret for name in ("client_id", "client_secret", "callback_secret")},
        "orange_sonatel_merchant_code": "621000",
        **{
            f"orange_cm_{name}": secret
            for name in ("client_id", "client_secret", "x_auth_token", "channel_msisdn", "channel_pin")
        },
        "wave_api_key": "wave_sn_prod_0123456789",
        "wave_webhook_secret": secret,
        "pawapay_api_token": secret,
        "twilio_account_sid": "AC0123456789",
        "twilio_auth_token": secret,
        "twilio_whatsapp_number": "+14155238886",
        "twilio_sms_from": "+14155238887",
        "meta_whatsapp_token": secret,
        "meta_phone_number_id": "1234567890",
        "at_username": "sandbox",
        "at_api_key": secret,
        "kannel_url": "http://sms.example:13013",
        "kannel_username": "palabre",
        "kannel_password": secret,
        "kannel_ussd_code": "*155#",
        "kannel_ussd_smsc": "USSD1",
        "kannel_ussd_networks": "Orange",
        "email_backend": "django.core.mail.backends.smtp.EmailBackend",
        "email_host": "mail.example",
        "email_from": "palabre@example.org",
        "vapid_private_key": secret,
        "vapid_subject": "mailto:palabre@example.org",
        **MTN,
    }
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **values))
    found = accounts(rolled_back)
    assert {code: row.state for code, row in found.items() if row.state != "active"} == {}
    assert {row.adapter for row in found.values()} == {
        *("orange_webpay", "orange_sonatel", "orange_cm", "mtn", "wave", "pawapay", "twilio_sms", "twilio_whatsapp"),
        *("meta_whatsapp", "africas_talking", "kannel", "kannel_ussd", "smtp", "web_push"),
    }
    assert found["courriel"].base_url == "smtp+starttls://mail.example:587"
    assert found["africas-talking"].environment == found["orange-webpay-dev"].environment == "sandbox"
    assert found["pawapay-sandbox"].base_url == "https://api.sandbox.pawapay.io"
    opened = table(rolled_back)
    assert opened["sms", "", "send"] == [("africas-talking", ""), ("kannel", ""), ("twilio-sms", "")]
    assert opened["ussd", "", "send"] == [("kannel-ussd", "")]
    assert found["kannel-ussd"].settings["networks"] == "Orange"
    assert opened["orange_money", "SN", "collect"] == [("orange-sonatel", ""), ("pawapay-sandbox", "ORANGE_SEN")]
    assert opened["orange_money", "SN", "payout"] == [("pawapay-sandbox", "ORANGE_SEN")]  # no payout PIN
    assert ("wave", "SN", "payout") in opened
    logged = " ".join(str((row.summary, row.changes)) for row in rolled_back.exec(select(AuditEntry)))
    assert secret not in logged


def test_mail_that_is_not_smtp_has_no_account(rolled_back: Session, tmp_path: Path) -> None:
    values = {"email_backend": "console.EmailBackend", "email_host": "mail.example", "email_from": "a@example.org"}
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **values))
    assert accounts(rolled_back) == {}


def test_a_wrong_address_does_not_keep_the_house_from_starting(rolled_back: Session, tmp_path: Path) -> None:
    values = {"kannel_url": "ftp://sms.example", "kannel_username": "u", "kannel_password": "p" * 12}
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **values))
    assert accounts(rolled_back) == {}
    found = provider_seeds.list_differences(rolled_back, SYSTEM, read(tmp_path, **values))
    assert {(one.variable, one.kind) for one in found} >= {("KANNEL_URL", "no_account")}


def test_later_the_rows_win_and_the_difference_is_shown_without_values(rolled_back: Session, tmp_path: Path) -> None:
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **MTN))
    changed = read(tmp_path, **{**MTN, "mtn_momo_api_key": "une-autre-clef-secrete"}, **MTN_PAYOUT)
    before = {name: getattr(accounts(rolled_back)["mtn-mtnbenin"], name) for name in ("secrets", "settings", "state")}
    provider_seeds.seed_environment(rolled_back, changed)
    after = accounts(rolled_back)
    assert {name: getattr(after["mtn-mtnbenin"], name) for name in before} == before
    assert len(after) == 1
    assert provider_seeds.list_differences(rolled_back, SYSTEM, changed) == [
        Difference("MTN_MOMO_API_KEY", "mtn-mtnbenin", "differs"),
        Difference("MTN_MOMO_DISBURSEMENT_API_USER", "mtn-mtnbenin", "absent"),
        Difference("MTN_MOMO_DISBURSEMENT_API_KEY", "mtn-mtnbenin", "absent"),
        Difference("MTN_MOMO_DISBURSEMENT_API_SECRET", "mtn-mtnbenin", "absent"),
    ]


def test_a_secret_being_rotated_differs_from_neither_value(rolled_back: Session, tmp_path: Path) -> None:
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **MTN))
    row = accounts(rolled_back)["mtn-mtnbenin"]
    order = SetSecret(account_id=row.id, name="collection_key", value="la-nouvelle-clef", keeps_previous=True)
    provider_accounts.set_secret(rolled_back, SYSTEM, order)
    for key in (MTN["mtn_momo_api_key"], "la-nouvelle-clef"):
        changed = read(tmp_path, **{**MTN, "mtn_momo_api_key": key})
        assert provider_seeds.list_differences(rolled_back, SYSTEM, changed) == []


def test_the_fakes_serve_every_method_where_it_exists(rolled_back: Session) -> None:
    assert provider_seeds.seed_fakes(rolled_back, URLS)
    found = accounts(rolled_back)
    assert set(found) == {account.code for account in ACCOUNTS}
    assert Counter((row.environment, row.state) for row in found.values()) == {("fake", "active"): len(ACCOUNTS)}
    chosen = {
        (method, country): routes.choose(rolled_back, method, country, "collect", Currency(currency)).adapter
        for method, country, currency in (
            ("orange_money", "SN", "XOF"),
            ("orange_money", "CM", "XAF"),
            ("orange_money", "CI", "XOF"),
            ("orange_money", "GN", "GNF"),
            ("orange_money", "CD", "CDF"),
            ("mtn_momo", "BJ", "XOF"),
            ("mtn_momo", "CG", "XAF"),
            ("wave", "SN", "XOF"),
            ("free_money", "SN", "XOF"),
            ("moov_money", "BJ", "XOF"),
            ("moov_money", "BF", "XOF"),
        )
    }
    assert list(chosen.values()) == [
        *("orange_sonatel", "orange_cm", "orange_webpay", "orange_webpay", "orange_webpay"),
        *("mtn", "mtn", "wave", "mixx", "moov", "moov"),
    ]
    paid = {c: routes.choose(rolled_back, "orange_money", c, "payout", Currency.XOF) for c in ("SN", "CI", "BF")}
    assert [(route.adapter, route.party_code) for route in paid.values()] == [
        ("orange_sonatel", ""),
        ("pawapay", "ORANGE_CIV"),
        ("pawapay", "ORANGE_BFA"),
    ]
    with pytest.raises(routes.NoRoute):
        routes.choose(rolled_back, "moov_money", "CI", "collect", Currency.XOF)
    with pytest.raises(routes.NoRoute):
        routes.choose(rolled_back, "orange_money", "ML", "payout", Currency.XOF)
    assert routes.choose(rolled_back, "moov_money", "BJ", "payout", Currency.XOF).party_code == "MOOV_BEN"
    assert routes.choose(rolled_back, "biller", "CM", "payout", Currency.XAF).adapter == "biller"


def test_the_fakes_come_back_at_their_new_address_but_a_persons_pause_stays(rolled_back: Session) -> None:
    provider_seeds.seed_fakes(rolled_back, URLS)
    paused = accounts(rolled_back)["mtn-bj-fictif"]
    provider_accounts.pause_account(rolled_back, SYSTEM, PauseAccount(account_id=paused.id, reason="Essai"))
    provider_seeds.close_fakes(rolled_back)
    assert {row.state for row in accounts(rolled_back).values()} == {"paused"}
    moved = {name: url.replace("8099", "8100") for name, url in URLS.items()}
    provider_seeds.seed_fakes(rolled_back, moved)
    found = accounts(rolled_back)
    assert {row.base_url for row in found.values()} == set(moved.values())
    assert {code for code, row in found.items() if row.state == "paused"} == {"mtn-bj-fictif"}


def test_the_fakes_are_closed_beside_a_live_account(rolled_back: Session, tmp_path: Path) -> None:
    provider_seeds.seed_fakes(rolled_back, URLS)
    provider_seeds.seed_environment(rolled_back, read(tmp_path, **MTN))
    assert not provider_seeds.seed_fakes(rolled_back, URLS)
    states = Counter((row.environment, row.state) for row in accounts(rolled_back).values())
    assert states == {("live", "active"): 1, ("fake", "paused"): len(ACCOUNTS)}


def test_seeding_twice_changes_nothing(rolled_back: Session) -> None:
    provider_seeds.seed_fakes(rolled_back, URLS)
    row = accounts(rolled_back)["mtn-bj-fictif"]
    provider_accounts.edit_account(rolled_back, SYSTEM, EditAccount(account_id=row.id, label="Le mien"))
    before = table(rolled_back)
    provider_seeds.seed_fakes(rolled_back, URLS)
    assert table(rolled_back) == before
    assert accounts(rolled_back)["mtn-bj-fictif"].label == "Le mien"
