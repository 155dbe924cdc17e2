"""`/administration/roles`: what each role may do, as one table, and who holds each."""

from collections import defaultdict

from core.permissions import GRANTS, Permission, Role, Scope
from services import users as people
from services.users import Holder
from ui import shell
from ui.components import cards, layout
from ui.labels import count, t
from ui.markup import Markup, icon, join, show, tag
from ui.pages.administration import words

Place = tuple[Scope, Role]
COLUMNS: tuple[Place, ...] = tuple(GRANTS)


@shell.screen("/administration/roles", title="Rôles", needs=Permission.ROLES_WRITE)
async def roles() -> None:
    """Draw the table the program itself obeys, then the people."""
    layout.title(t("Rôles"), t("Ce que chaque rôle permet. Ce qui n'est pas coché est refusé."))
    holders = await shell.read(people.list_holders)
    if holders is None:
        return
    by_place: dict[Place, list[Holder]] = defaultdict(list)
    for holder in holders:
        by_place[holder.scope, holder.role].append(holder)
    with cards.card(is_flush=True):
        show(_matrix(), classes="matrix-place").props["tabindex"] = "0"
    with cards.titled(t("Qui tient chaque rôle"), is_flush=True, is_ruled=True):
        held = [place for place in COLUMNS if place != (Scope.PLATFORM, Role.MEMBRE)]
        show(join(*(_held(place, by_place[place]) for place in held)))


def _matrix() -> Markup:
    head = tag("tr", tag("th", t("Droit"), scope="col"), *map(_head, COLUMNS))
    body = (tag("tbody", _group(group), *map(_line, held.items())) for group, held in words.PERMISSIONS.items())
    return tag("table", tag("thead", head), *body, class_="plain-table matrix")


def _head(place: Place) -> Markup:
    scope, role = place
    where = tag("span", words.place(scope), class_="matrix-scope")
    return tag("th", tag("span", words.role(role)), where, scope="col")


def _group(name: str) -> Markup:
    return tag("tr", tag("th", t(name), scope="rowgroup", colspan=str(len(COLUMNS) + 1)), class_="matrix-group")


def _line(held: tuple[Permission, str]) -> Markup:
    permission, sentence = held
    cells = (_cell(is_held=permission in GRANTS[place]) for place in COLUMNS)
    return tag("tr", tag("th", t(sentence), scope="row", title=permission.value), *cells)


def _cell(*, is_held: bool) -> Markup:
    if is_held:
        return tag("td", icon("check"), tag("span", t("oui"), class_="heard-only"), class_="matrix-yes")
    return tag("td", tag("span", t("non"), class_="heard-only"), tag("span", "·", aria_hidden="true"))


def _held(place: Place, holders: list[Holder]) -> Markup:
    scope, role = place
    number = tag("span", count(len(holders)), class_="card-count")
    names = join(*map(_person, holders)) if holders else tag("span", t("Personne."), class_="line-detail")
    title = tag("span", words.held(scope, role), class_="line-title")
    return tag("div", tag("div", title, number, class_="abreast"), tag("div", names, class_="people"), class_="holders")


def _person(holder: Holder) -> Markup:
    where = tag("span", holder.organisation, class_="line-detail") if holder.organisation else None
    return tag("a", holder.name, where, href=f"/administration/utilisateurs/{holder.user_id}", class_="person")
