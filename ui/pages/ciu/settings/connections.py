"""The accounts over which WhatsApp reaches us: how each stands, a harmless call, and where its secrets go in."""

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from services.provider_accounts import AccountRow
from ui.components import buttons, cards, chips
from ui.components.empty import sentence
from ui.labels import moment, t
from ui.markup import join, show, tag
from ui.pages.payments.account_trial import WRITERS, try_account
from ui.pages.payments.account_words import ACCOUNTS, account_sign, adapter, environment_chip


def draw(accounts: Sequence[AccountRow]) -> None:
    """Place the card of connections; secrets are given on the account's own page and never shown."""
    found = [one for one in accounts if one.adapter in WRITERS]
    with cards.titled(t("Connexions"), t("les secrets entrent et ne ressortent jamais"), is_flush=True, is_ruled=True):
        for one in found:
            _draw_account(one)
        if not found:
            show(sentence(t("Aucun compte WhatsApp : ouvrez-en un dans Paiements, Comptes et routes."), "cloud_off"))


def _draw_account(one: AccountRow) -> None:
    told = t("il manque : {names}").format(names=", ".join(one.missing)) if one.missing else ""
    succeeded = t("dernier succès le {date}").format(date=moment(one.succeeded_at)) if one.succeeded_at else ""
    with ui.element("div").classes("line line-wrapping"):
        title = tag("a", one.label, href=f"{ACCOUNTS}/{one.id}")
        chip = chips.chip(account_sign(one))
        words = " · ".join(filter(None, (adapter(one.adapter), told or succeeded)))
        show(
            join(
                tag("span", title, " ", chip, " ", environment_chip(one.environment), class_="line-title"),
                tag("span", words, class_="line-detail"),
            ),
            classes="line-words",
        )
        button = buttons.secondary(t("Tester"), partial(try_account, one.id, one.adapter), icon="network_check")
        buttons.name_in_row(button, one.label)
