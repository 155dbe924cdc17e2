"""`/administration/utilisateurs`: everybody, found by a name without its accents, and the way to make one more."""

from core.permissions import Permission, Scope
from models.users import UserState
from services import users as people
from services.users import RoleRow, UserRow, UserSearch
from ui import shell
from ui.components import buttons, cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import moment, t
from ui.pages.administration import new_user, words

TEAM = "team"  # whoever holds a role: what an administrator looks for first


@shell.screen("/administration/utilisateurs", title="Utilisateurs", needs=Permission.USERS_READ)
async def users() -> None:
    """Draw the list, the team first; the rest is one choice away."""
    may_write = shell.visitor().may(Permission.USERS_WRITE)
    with layout.page_head(t("Utilisateurs"), t("Qui peut entrer, avec quels droits.")):
        if may_write:
            buttons.primary(t("Créer un utilisateur"), new_user.ask, icon="person_add")
    roles = {TEAM: t("Toute l'équipe"), **words.role_choices(with_plain=True)}
    with cards.card(is_flush=True):
        tables.Table(
            "administration-users",
            [
                Column("name", t("Nom"), "name"),
                Column("roles", t("Rôles"), is_on_phone=False),
                Column("state", t("État"), "chip"),
                Column("totp", t("Double authentification"), "chip", is_on_phone=False),
                Column("seen", t("Dernière connexion"), "time", is_on_phone=False),
            ],
            _source,
            search=t("Nom, e-mail ou téléphone"),
            choices=[
                Filter("role", t("Rôle"), roles),
                Filter("state", t("État"), words.sign_choices(words.USER_STATES)),
            ],
            empty=t("Personne encore. Créez le premier utilisateur."),
            first=Ask(filters={"role": TEAM}),
        )


async def _source(ask: Ask) -> Answer | None:
    chosen, state = ask.filters.get("role", ""), ask.filters.get("state", "")
    scope, role = words.split_role(chosen) if ":" in chosen else (None, None)
    search = UserSearch(
        text=ask.search,
        scope=scope,
        role=role,
        has_role=True if chosen == TEAM else None,
        state=UserState(state) if state else None,
        skip=ask.offset,
        limit=ask.limit,
    )
    found = await shell.read(people.list_users, search)
    return None if found is None else Answer([_row(row) for row in found[0]], found[1])


def roles_of(row: UserRow) -> list[RoleRow]:
    """Return every role a person holds, the platform's first; a plain member holds none to speak of."""
    own = [RoleRow(Scope.PLATFORM, row.global_role)] if row.is_admin else []
    return [*own, *row.roles]


def _row(row: UserRow) -> tables.Row:
    held = [words.held(one.scope, one.role, one.organisation.code if one.organisation else "") for one in roles_of(row)]
    return tables.row(
        str(row.id),
        {
            "name": row.name,
            "roles": " · ".join(held) or words.role(row.global_role),
            "state": chips.cell(words.USER_STATES[row.state]),
            "totp": chips.cell(words.TOTP_ON if row.has_totp else words.TOTP_OFF),
            "seen": moment(row.last_login_at),
        },
        href=f"/administration/utilisateurs/{row.id}",
        under=(row.email or row.phone or "") if row.name not in {row.email, row.phone} else "",
        phone_under=" · ".join(held),
    )
