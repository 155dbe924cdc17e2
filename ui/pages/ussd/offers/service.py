"""`/ussd-console/offres/{id}`: one service, who has it, and what its provider was told."""

from uuid import UUID

from nicegui import ui

from core import ids
from core.permissions import Permission
from models.offers import HookState, SubscriptionState
from services import catalogue, hooks, subscriptions
from services.catalogue import ServiceNotFound, ServiceRow
from services.hooks import HookRow
from services.subscriptions import SubscriptionRow, Unsubscribe
from ui import shell
from ui.components import (
    buttons,
    cards,
    chips,
    confirm_dialog,
    copy_field,
    danger_dialog,
    dialogs,
    facts,
    layout,
    reason_dialog,
    tables,
    toasts,
)
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import count, moment, money, t
from ui.markup import show, tag
from ui.pages.ussd.offers import service_form, words


@shell.screen("/ussd-console/offres/{service_id}", title="Offre", needs=Permission.USSD_READ)
async def service(service_id: str) -> None:
    """Draw the facts beside the subscribers; the notes to the provider stand under them."""
    identifier = ids.parse_id(service_id)
    if identifier is None:
        raise ServiceNotFound
    row = await shell.read(catalogue.get_service, identifier)
    if row is None:
        return
    may_write = shell.visitor().may(Permission.USSD_OFFERS_WRITE)
    crumbs = [(t("Offres"), words.PATH)]
    chip = chips.chip(words.service_sign(row))
    with layout.page_head(row.name, words.price(row), crumbs=crumbs, chip=chip):
        if may_write:
            buttons.quiet(t("Supprimer"), lambda: _ask_delete(row), icon="delete")
            buttons.secondary(t("Changer"), lambda: service_form.ask(_reload, row), icon="edit")
    with layout.grid():
        with layout.cell(8):
            with cards.titled(t("Abonnés"), is_flush=True):
                _draw_subscribers(row, may_write=may_write)
            if row.webhook_url:
                with cards.titled(t("Notes au fournisseur"), is_flush=True):
                    _draw_hooks(row, may_write=may_write)
        with layout.cell(4):
            with cards.titled(t("Offre")):
                show(facts.facts(_facts(row)))
                if may_write and row.webhook_url:
                    buttons.secondary(t("Faire une clé de signature"), lambda: _ask_secret(row), icon="key")
            with cards.titled(t("Informations")):
                texts = [(words.LANGUAGES[language], text) for language, text in row.info.items()]
                show(facts.facts(texts, is_stacked=True))


async def _reload() -> None:
    ui.navigate.reload()


def _facts(row: ServiceRow) -> list[facts.Fact]:
    lines: list[facts.Fact] = [
        (t("Code"), tag("code", row.code, class_="code-inline")),
        (t("Catégorie"), row.category),
        (t("Abonnés"), count(row.subscribers)),
        (t("À payer"), count(row.in_grace)),
        (t("Créée le"), moment(row.created_at)),
    ]
    if row.webhook_url:
        lines.append((t("Adresse prévenue"), row.webhook_url))
        lines.append((t("Signature"), t("Oui") if row.has_webhook_secret else t("Non")))
    return lines


def _draw_subscribers(row: ServiceRow, *, may_write: bool) -> None:
    known: dict[str, SubscriptionRow] = {}

    async def source(ask: Ask) -> Answer | None:
        found = await shell.read(
            subscriptions.list_subscriptions,
            service_id=row.id,
            state=ask.filters.get("state", ""),
            search=ask.search,
            limit=ask.limit,
            offset=ask.offset,
        )
        if found is None:
            return None
        known.update({str(one.id): one for one in found[0]})
        return Answer([_subscription(one) for one in found[0]], found[1])

    def open_one(key: str) -> None:
        if may_write and known[key].state is not SubscriptionState.INACTIVE:
            _ask_end(row, known[key], table)

    table = tables.Table(
        "ussd-offer-subscribers",
        [
            Column("phone", t("Numéro"), "name"),
            Column("state", t("État"), "chip"),
            Column("price", t("Prix"), "amount", is_on_phone=False),
            Column("since", t("Depuis"), "time", is_on_phone=False),
            Column("until", t("Jusqu'au"), "time", is_on_phone=False),
        ],
        source,
        search=t("Numéro") if shell.visitor().may(Permission.SUBSCRIBERS_WRITE) else "",
        choices=[Filter("state", t("État"), {state: t(sign.word) for state, sign in words.SUBSCRIPTIONS.items()})],
        empty=t("Personne n'a encore ce service."),
        on_open=open_one if may_write else None,
    )


def _subscription(one: SubscriptionRow) -> tables.Row:
    ended = words.reason(one.end_reason) or t("Par l'abonné") if one.ended_at else ""
    return tables.row(
        str(one.id),
        {
            "phone": one.phone,
            "state": chips.cell(words.SUBSCRIPTIONS[one.state]),
            "price": money(one.price) if one.price.minor else t("Gratuit"),
            "since": moment(one.subscribed_at),
            "until": moment(one.ended_at or one.expires_at),
        },
        under=" · ".join(part for part in (one.name, ended) if part),
        phone_under=moment(one.subscribed_at),
    )


def _ask_end(row: ServiceRow, one: SubscriptionRow, table: tables.Table) -> None:
    async def confirm(reason: str) -> bool:
        order = Unsubscribe(code=row.code, phone=one.phone, reason=reason)
        if await shell.act(subscriptions.end_subscription, order) is None:
            return False
        toasts.done(t("Abonnement arrêté."))
        await table.load()
        return True

    reason_dialog.reason_dialog(
        t("Arrêter cet abonnement"),
        t("{phone} perd {name} tout de suite et reçoit un SMS. Ce qui a été payé n'est pas rendu.").format(
            phone=one.phone, name=row.name
        ),
        act=t("Arrêter l'abonnement"),
        confirm=confirm,
        is_danger=True,
    )


def _draw_hooks(row: ServiceRow, *, may_write: bool) -> None:
    known: dict[str, HookRow] = {}

    async def source(ask: Ask) -> Answer | None:
        found = await shell.read(hooks.list_hooks, row.id, limit=ask.limit, offset=ask.offset)
        if found is None:
            return None
        known.update({str(one.id): one for one in found[0]})
        return Answer([_hook(one) for one in found[0]], found[1])

    async def open_one(key: str) -> None:
        if not may_write or known[key].state is not HookState.FAILED:
            return
        if await shell.act(hooks.send_again, known[key].id) is not None:
            toasts.done(t("La note repart."))
            await table.load()

    table = tables.Table(
        "ussd-offer-hooks",
        [
            Column("event", t("Note"), "name"),
            Column("state", t("État"), "chip"),
            Column("tries", t("Essais"), "number", is_on_phone=False),
            Column("answer", t("Réponse"), is_on_phone=False),
            Column("at", t("Date"), "time", is_on_phone=False),
        ],
        source,
        empty=t("Rien n'a encore été dit au fournisseur."),
        on_open=open_one if may_write else None,
    )


def _hook(one: HookRow) -> tables.Row:
    return tables.row(
        str(one.id),
        {
            "event": t(words.EVENTS[one.event]),
            "state": chips.cell(words.HOOKS[one.state]),
            "tries": count(one.tries),
            "answer": one.answer,
            "at": moment(one.created_at),
        },
        phone_under=moment(one.created_at),
    )


def _ask_secret(row: ServiceRow) -> None:
    async def confirm() -> str | None:
        secret = await shell.act(catalogue.make_webhook_secret, row.id)
        if secret is not None:
            _hand_over(secret)
        return secret

    confirm_dialog.confirm_dialog(
        t("Faire une clé de signature"),
        t("Les notes seront signées avec une clé nouvelle ; l'ancienne ne sert plus."),
        act=t("Faire la clé"),
        confirm=confirm,
    )


def _hand_over(secret: str) -> None:
    with dialogs.dialog(t("Clé de signature")) as dialog:
        cards.notice(
            t("Copiez cette clé maintenant : elle ne sera plus jamais montrée."), tone="ochre", icon_name="warning"
        )
        show(copy_field.copy_field(secret))
        with dialogs.actions():
            buttons.primary(t("C'est noté"), dialog.close)
    dialog.props("persistent").open()


def _ask_delete(row: ServiceRow) -> None:
    async def confirm() -> UUID | None:
        done = await shell.act(subscriptions.delete_service, row.id)
        if done is not None:
            ui.navigate.to(words.PATH)
        return done

    danger_dialog.danger_dialog(
        t("Supprimer cette offre"),
        t(
            "{count} abonnés perdent ce service et reçoivent un SMS. Rien n'est remboursé. Son code ne servira plus."
        ).format(count=count(row.subscribers)),
        name=row.code,
        act=t("Supprimer {name}").format(name=row.name),
        confirm=confirm,
    )
