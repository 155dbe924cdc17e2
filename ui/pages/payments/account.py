"""`/paiements/comptes/{id}`: one contract, its limits, its secrets (never shown), its breaker, and a harmless test."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from nicegui import ui

from core import ids
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Permission
from services import breaker, provider_accounts
from services.provider_accounts import SHAPES, AccountRow, DropSecret, PauseAccount, SetSecret
from ui import shell
from ui.components import buttons, cards, chips, copy_field, danger_dialog, dialogs, facts, fields, layout, toasts
from ui.components.reason_dialog import reason_dialog
from ui.labels import moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.payments import account_form
from ui.pages.payments.account_trial import try_account
from ui.pages.payments.account_words import ACCOUNTS, OFFERS, account_sign, adapter, environment_chip


@shell.screen(ACCOUNTS + "/{account_id}", title="Compte d'opérateur", needs=Permission.PAYMENTS_READ)
async def account(account_id: str) -> None:
    """Draw the facts, the limits and the secrets, with what this visitor may do."""
    identifier = ids.parse_id(account_id)
    if identifier is None:
        raise NotFound(thing="provider_account")
    row = await shell.read(provider_accounts.get_account, identifier)
    if row is None:
        return
    chip = join(chips.chip(account_sign(row)), " ", environment_chip(row.environment))
    with layout.page_head(row.label, adapter(row.adapter), crumbs=[(t("Comptes et routes"), ACCOUNTS)], chip=chip):
        _draw_actions(row)
    if row.missing:
        cards.notice(t("Il manque : {names}.").format(names=", ".join(row.missing)), tone="ochre", icon_name="warning")
    elif row.pause_reason:
        cards.notice(row.pause_reason, tone="ochre", icon_name="pause")
    if row.breaker != "closed":
        _draw_breaker(row)
    with layout.grid():
        with layout.cell(6), cards.titled(t("Contrat")):
            show(facts.facts(_facts(row)))
            if row.callback_url:
                show(copy_field.copy_field(row.callback_url, label=t("Adresse de rappel à donner à l'opérateur")))
        with layout.cell(6), cards.titled(t("Limites")):
            show(facts.facts(_limits(row)))
        with layout.cell(12), cards.titled(t("Secrets"), t("Ils entrent et ne ressortent jamais."), is_flush=True):
            for name in (*SHAPES[row.adapter].secrets, *SHAPES[row.adapter].optional):
                _draw_secret(row, name)


def _draw_actions(row: AccountRow) -> None:
    visitor = shell.visitor()
    if visitor.may(Permission.PAYMENTS_PAUSE) and row.state == "active":
        buttons.secondary(t("Suspendre"), lambda: _ask_pause(row), icon="pause")
    if not visitor.may(Permission.PAYMENTS_ACCOUNTS) or row.state == "retired":
        return
    buttons.secondary(t("Tester"), lambda: try_account(row.id, row.adapter), icon="network_check")
    buttons.secondary(t("Modifier"), lambda: account_form.ask(row), icon="edit")
    if row.state == "paused" or row.are_payouts_paused:
        buttons.primary(t("Mettre en service"), lambda: _resume(row), icon="play_arrow")
    buttons.quiet(t("Retirer"), lambda: _ask_retirement(row))


def _draw_breaker(row: AccountRow) -> None:
    since = moment(row.breaker_at)
    if row.breaker == "open":
        cards.notice(
            t("Au repos depuis le {since} : {reason}. Une lecture sans effet l'éprouve toutes les 30 s.").format(
                since=since, reason=row.breaker_reason
            ),
            tone="ochre",
            icon_name="pause_circle",
        )
        return
    cards.notice(
        t("Verrouillé depuis le {since} : le code secret du compte est faux. Corrigez-le, puis déverrouillez.").format(
            since=since
        ),
        tone="red",
        icon_name="lock",
    )
    if shell.visitor().may(Permission.PAYMENTS_ACCOUNTS):
        with layout.row():
            buttons.secondary(t("Déverrouiller"), lambda: _unlock(row), icon="lock_open")


def _facts(row: AccountRow) -> list[facts.Fact]:
    offers = ", ".join(t(OFFERS.get(offer, offer)) for offer in row.offers)
    lines: list[facts.Fact] = [
        (t("Code"), tag("code", row.code, class_="code-inline")),
        (t("Pays"), row.country or t("tous")),
        (t("Devise"), row.currency or "–"),
        (t("Adresse"), tag("code", row.base_url, class_="code-inline")),
        (t("Sait faire"), offers or "–"),
        (t("Dernier succès"), moment(row.succeeded_at) if row.succeeded_at else "–"),
    ]
    lines += [(name, tag("code", str(value), class_="code-inline")) for name, value in _plain_settings(row)]
    return lines


def _plain_settings(row: AccountRow) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in sorted(row.settings.items()) if not isinstance(value, dict | list)]


def _limits(row: AccountRow) -> list[facts.Fact]:
    return [
        (t("Montant minimum"), _amount(row, row.min_minor)),
        (t("Montant maximum"), _amount(row, row.max_minor)),
        (t("Plafond du jour"), _amount(row, row.day_limit_minor)),
        (t("Appels par seconde"), str(row.rate_per_s)),
    ]


def _amount(row: AccountRow, minor: int | None) -> str:
    if minor is None:
        return t("aucun")
    return money(Money(minor, Currency(row.currency))) if row.currency else str(minor)


def _draw_secret(row: AccountRow, name: str) -> None:
    hints = row.secret_hints.get(name, [])
    is_optional = name in SHAPES[row.adapter].optional
    with ui.element("div").classes("line"):
        show(_secret_words(name, hints, is_optional=is_optional), classes="line-words")
        if shell.visitor().may(Permission.PAYMENTS_ACCOUNTS) and row.state != "retired":
            if len(hints) > 1:
                buttons.quiet(t("Finir la rotation"), lambda: _drop(row, name))
            buttons.secondary(t("Remplacer") if hints else t("Donner"), lambda: _ask_secret(row, name, bool(hints)))


def _secret_words(name: str, hints: list[dict[str, str]], *, is_optional: bool) -> Markup:
    if hints:
        seen = " · ".join(
            t("…{last}, donné le {date}").format(
                last=hint["last"] or "••••", date=moment(datetime.fromisoformat(hint["at"]))
            )
            for hint in hints
        )
    else:
        seen = t("facultatif, absent") if is_optional else t("absent")
    return join(
        tag("span", tag("code", name, class_="code-inline"), class_="line-title"),
        tag("span", seen, class_="line-detail"),
    )


def _ask_secret(row: AccountRow, name: str, is_known: bool) -> None:  # noqa: FBT001  # one button's own question
    with dialogs.dialog(t("Donner un secret")) as dialog, fields.form():
        box = fields.password(name, autocomplete="off", hint=t("Il ne sera plus jamais montré."))
        keeps = fields.checkbox(t("L'ancien reste bon pendant la rotation")) if is_known else None
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer le secret"))

    async def keep() -> None:
        value = str(box.value or "").strip()
        if not value:
            fields.show_error(box, t("Écrivez le secret."))
            return
        order = SetSecret(account_id=row.id, name=name, value=value, keeps_previous=bool(keeps and keeps.value))
        if await shell.act(provider_accounts.set_secret, order) is not None:
            dialog.close()
            _again(row.id, t("Secret enregistré."))

    button.on_click(keep)
    dialog.open()


async def _drop(row: AccountRow, name: str) -> None:
    if await shell.act(provider_accounts.drop_secret, DropSecret(account_id=row.id, name=name)) is not None:
        _again(row.id, t("Seule la dernière valeur reste bonne."))


def _ask_pause(row: AccountRow) -> None:
    async def pause(reason: str) -> bool:
        done = await shell.act(provider_accounts.pause_account, PauseAccount(account_id=row.id, reason=reason))
        if done is not None:
            _again(row.id, t("Compte suspendu."))
        return done is not None

    reason_dialog(
        t("Suspendre ce compte"),
        t("Rien de nouveau ne partira par {label}. Ce qui est en cours continue d'être suivi.").format(label=row.label),
        act=t("Suspendre le compte"),
        confirm=pause,
        is_danger=True,
    )


async def _resume(row: AccountRow) -> None:
    if await shell.act(provider_accounts.resume_account, row.id) is not None:
        _again(row.id, t("Compte en service."))


async def _unlock(row: AccountRow) -> None:
    order = breaker.CloseBreaker(account_id=row.id, reason=t("Déverrouillé depuis la console"))
    await _after(lambda: shell.attempt(breaker.close, order), row.id, t("Compte déverrouillé."))


async def _after(call: Callable[[], Awaitable[Any]], account_id: UUID, words: str) -> None:
    refusal = await call()
    if refusal is None:
        _again(account_id, words)
    else:
        toasts.refused(shell.sentence_of(refusal))


def _ask_retirement(row: AccountRow) -> None:
    async def retire() -> Any:
        done = await shell.act(provider_accounts.retire_account, row.id)
        if done is not None:
            _again(row.id, t("Compte retiré."))
        return done

    danger_dialog.danger_dialog(
        t("Retirer ce compte"),
        t("Le compte ne servira plus jamais. Ses transferts et ses écritures restent."),
        name=row.code,
        act=t("Retirer le compte"),
        confirm=retire,
    )


def _again(account_id: UUID, words: str) -> None:
    toasts.done(words)
    ui.navigate.to(f"{ACCOUNTS}/{account_id}")
