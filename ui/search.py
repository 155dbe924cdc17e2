"""The search of the header: a number, a name, a reference, a key finds the thing, if its reader may open it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import events, ui

from core.errors import NotFound
from core.permissions import Actor, Permission
from core.settings import get_settings
from services import accounts, subscribers, ussd
from services.ciu.store import records
from services.pensions import reading
from services.pensions.payment_reading import get_payment
from services.pensions.reading import BatchSearch
from services.transfers.lines import find_transfers
from services.users import UserSearch, list_users
from ui.components.buttons import symbol
from ui.components.chips import tile_icon
from ui.labels import moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ciu import words as identifiers
from ui.pages.pensions import words as pensions

SHORTEST = 2
MOST_HITS = 8
MOST_OF_A_KIND = 4
PAYMENT = re.compile(r"bulk-[0-9a-f]{12}-[0-9]{7}")
REFERENCE = re.compile(r"[A-Za-z]{2}-[0-9A-Za-z]{6}|[0-9A-Za-z]{8}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    title: str
    detail: str
    href: str
    icon: str


@dataclass(frozen=True, slots=True)
class Finder:
    """How one kind of thing is found, and who may look for it."""

    needs: Permission
    find: Callable[[Any, Actor, str], Sequence[Hit]]


def find(session: Any, actor: Actor, text: str) -> list[Hit]:
    """Return what `text` finds among the things this actor may see."""
    hits = [hit for finder in FINDERS if actor.may(finder.needs) for hit in finder.find(session, actor, text)]
    return hits[:MOST_HITS]


def search(read: Callable[..., Any]) -> None:
    """Place the search; `read` is the shell's door for reads.

    Arrows walk through what is found, Enter opens it, Esc gives up.
    """

    async def look(event: events.ValueChangeEventArguments[str | None]) -> None:
        text = (event.value or "").strip()
        if len(text) < SHORTEST:
            hits.set_content(Markup())
            return
        found = await read(find, text)
        if found is not None and (box.value or "").strip() == text:
            hits.set_content(_hits(text, found, hits.html_id))

    words = t("Numéro, nom, référence…")
    with ui.element("div").classes("search").props("role=search"):
        box = ui.input(placeholder=words, on_change=look).props(
            "outlined dense debounce=250 autocomplete=off type=search"
        )
        box.props["aria-label"] = words
        box.on("keydown.esc", lambda: box.set_value(""))
        with box.add_slot("prepend"):
            ui.icon(symbol("search")).props("aria-hidden=true")
        with box.add_slot("append"):
            show(tag("kbd", "/", class_="search-key", aria_hidden="true"), name="span")
        hits = show(Markup(), classes="hits").props("role=listbox")
        hits.props["aria-label"] = t("Trouvé")
        box.props(f"role=combobox aria-autocomplete=list aria-expanded=false aria-controls={hits.html_id}")


def _hits(text: str, found: Sequence[Hit], identity: str) -> Markup:
    """Return what is found, saying for which words, so that Enter never opens what an earlier word found."""
    drawn = (
        join(*(_hit(hit, f"{identity}-{place}") for place, hit in enumerate(found)))
        if found
        else tag("p", t("Rien de tel."), class_="hits-none", role="option", aria_disabled="true")
    )
    return tag("div", drawn, role="presentation", data_found_for=text)


def _hit(hit: Hit, identity: str) -> Markup:
    words = tag("span", tag("span", hit.title, class_="line-title"), tag("span", hit.detail, class_="line-detail"))
    return tag(
        "a", tile_icon(hit.icon), words, href=hit.href, class_="hit", id=identity, role="option", aria_selected="false"
    )


def _subscribers(session: Any, actor: Actor, text: str) -> list[Hit]:
    country = get_settings().ussd_country
    found = subscribers.list_subscribers(session, actor, text, region=country, limit=MOST_OF_A_KIND)
    people = {row.user_id: row for row in found}  # one line a person, however many wallets
    return [
        Hit(
            row.name or row.phone,
            f"{row.phone}, {money(row.balance)}",
            f"/ussd-console/abonnes/{row.user_id}",
            "contacts",
        )
        for row in people.values()
    ]


def _operations(session: Any, actor: Actor, text: str) -> list[Hit]:
    if not REFERENCE.fullmatch(text):
        return []
    found, _ = accounts.list_transactions(session, actor, search=text, limit=MOST_OF_A_KIND)
    return [
        Hit(
            row.reference,
            f"{money(row.amount)}, {moment(row.occurred_at)}",
            f"/grand-livre/operations/{row.id}",
            "receipt_long",
        )
        for row in found
    ]


def _transfers(session: Any, actor: Actor, text: str) -> list[Hit]:
    return [
        Hit(
            f"{line.reference[:4]} {line.reference[4:8]}",
            f"{money(line.amount)}, {line.account}, {moment(line.created_at)}",
            f"/paiements/transferts/{line.id}",
            "swap_horiz",
        )
        for line in find_transfers(session, actor, text, limit=MOST_OF_A_KIND)
    ]


def _sessions(session: Any, actor: Actor, text: str) -> list[Hit]:
    return [
        Hit(row.key, f"{row.service}, {moment(row.started_at)}", f"/ussd-console/sessions/{row.id}", "dialpad")
        for row in ussd.find_sessions(session, actor, text, limit=MOST_OF_A_KIND)
    ]


def _users(session: Any, actor: Actor, text: str) -> list[Hit]:
    if "@" not in text:
        return []
    found, _ = list_users(session, actor, UserSearch(text=text, limit=MOST_OF_A_KIND))
    return [Hit(row.name, row.email or "", f"/administration/utilisateurs/{row.id}", "account_circle") for row in found]


def _batches(session: Any, actor: Actor, text: str) -> list[Hit]:
    """Return batches by their name, file or month, and a payment by the id that documents give it."""
    head, _, line = text.rpartition("-")
    if PAYMENT.fullmatch(text):
        try:
            payment = get_payment(session, actor, head, text).payment
        except NotFound:
            return []
        said = f"{t('ligne {number}').format(number=line.lstrip('0'))}, {money(payment.amount)}"
        return [Hit(pensions.who(payment), said, pensions.payment_path(payment), "person")]
    found = reading.list_batches(session, actor, BatchSearch(text=text), limit=MOST_OF_A_KIND)
    return [
        Hit(
            pensions.title(batch),
            f"{batch.bulk_id}, {pensions.sum_text(batch, batch.total)}",
            pensions.BATCH.format(batch.bulk_id),
            "account_balance",
        )
        for batch in found.batches
    ]


def _codes(session: Any, actor: Actor, text: str) -> list[Hit]:
    return [
        Hit(
            row.code,
            f"{identifiers.language(row.language)}, {moment(row.created_at)}",
            identifiers.CODE.format(row.id),
            "fingerprint",
        )
        for row in records.find_codes(session, actor, text, limit=MOST_OF_A_KIND)
    ]


FINDERS = (
    Finder(Permission.LEDGER_READ, _operations),
    Finder(Permission.PAYMENTS_READ, _transfers),
    Finder(Permission.PENSIONS_READ, _batches),
    Finder(Permission.USSD_READ, _sessions),
    Finder(Permission.USERS_READ, _users),
    Finder(Permission.CIU_ACT, _codes),
    Finder(Permission.SUBSCRIBERS_READ, _subscribers),
)
