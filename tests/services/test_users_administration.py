"""What administrators do with people: who may, and that one administrator always remains."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID, uuid4

import pytest

from core import ids
from core.database import Database, Session
from core.errors import Forbidden, InvalidInput, Refusal, WrongState
from core.permissions import Actor, Grant, Role, Scope
from models.organisations import Organisation
from models.users import User
from services import api_keys, audit, organisations, users
from services.api_keys import CreateApiKey
from services.audit import AuditSearch
from services.organisations import CodeTaken, CreateOrganisation, OrganisationNotFound, UpdateOrganisation
from services.users import (
    ChangeRole,
    CreateUser,
    LastAdmin,
    Oneself,
    RemoveTotp,
    SetGlobalRole,
    UserNotFound,
    UserSearch,
)
from tests.builders import people

HERE = uuid4()
SOMEBODY = Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, HERE)

WHO: dict[str, tuple[Grant, ...]] = {
    "admin": (Grant(Scope.PLATFORM, Role.ADMIN),),
    "membre": (Grant(Scope.PLATFORM, Role.MEMBRE),),
    "gestionnaire": (SOMEBODY,),
    "superviseur": (Grant(Scope.ORGANISATION, Role.SUPERVISEUR, HERE),),
    "operateur ussd": (Grant(Scope.USSD, Role.OPERATEUR),),
    "lecteur ussd": (Grant(Scope.USSD, Role.LECTEUR),),
    "operateur ciu": (Grant(Scope.CIU, Role.OPERATEUR),),
    "lecteur ciu": (Grant(Scope.CIU, Role.LECTEUR),),
}

Act = Callable[[Session, Actor, UUID], object]

# One line for every act of this room; each is the administrator's alone, whatever else one holds.
ACTS: dict[str, Act] = {
    "list users": lambda s, a, _: users.list_users(s, a, UserSearch()),
    "see another": users.get_user,
    "change another": lambda s, a, u: users.update_profile(s, a, users.UpdateProfile(user_id=u, city="Dakar")),
    "create": lambda s, a, _: users.create_user(s, a, CreateUser(email="n@x.org", first_name="N", last_name="X")),
    "close": users.close_user,
    "reopen": users.reopen_user,
    "global role": lambda s, a, u: users.set_global_role(s, a, SetGlobalRole(user_id=u, role=Role.ADMIN)),
    "grant": lambda s, a, u: users.grant_role(s, a, ChangeRole(user_id=u, scope=Scope.USSD, role=Role.LECTEUR)),
    "revoke": lambda s, a, u: users.revoke_role(s, a, ChangeRole(user_id=u, scope=Scope.USSD, role=Role.LECTEUR)),
    "remove totp": lambda s, a, u: users.remove_totp(s, a, RemoveTotp(user_id=u, reason="perdu")),
    "create organisation": lambda s, a, _: organisations.create_organisation(
        s, a, CreateOrganisation(code="NEUVE", name="Neuve")
    ),
    "close organisation": lambda s, a, _: organisations.update_organisation(
        s, a, UpdateOrganisation(organisation_id=HERE, is_active=False)
    ),
    "create key": lambda s, a, _: api_keys.create_api_key(s, a, CreateApiKey(name="clé", scopes=("ussd",))),
    "list keys": lambda s, a, _: api_keys.list_api_keys(s, a),
    "read the trail": lambda s, a, _: audit.list_entries(s, a, AuditSearch()),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("act", ACTS)
def test_every_role_and_every_act(rolled_back: Session, who: str, act: str) -> None:
    session = rolled_back
    session.add(Organisation(id=HERE, code="ICI", name="Ici"))
    target, asker = (User(email=f"{name}@x.org") for name in ("cible", "demandeur"))
    session.add_all([target, asker])
    session.flush()
    actor = people.actor(asker.id, *WHO[who])
    if who == "admin":
        ACTS[act](session, actor, target.id)
    else:
        with pytest.raises(Forbidden):
            ACTS[act](session, actor, target.id)


@pytest.mark.parametrize("act", ACTS)
def test_a_key_without_the_scope_does_nothing(rolled_back: Session, act: str) -> None:
    machine = Actor(user_id=None, name="clé", api_key_id=ids.new_id(), key_scopes=frozenset({"ussd", "ledger.read"}))
    with pytest.raises(Forbidden):
        ACTS[act](rolled_back, machine, uuid4())


def chief(database: Database) -> tuple[UUID, Actor]:
    user_id = people.admin(database)
    return user_id, people.admin_actor(user_id)


def do(database: Database, verb: Callable[[Session], object]) -> type[Refusal] | None:
    try:
        with database.transaction() as session:
            verb(session)
    except Refusal as refusal:
        return type(refusal)
    return None


def test_nobody_closes_or_demotes_himself_and_the_last_administrator_stays(database: Database) -> None:
    me, actor = chief(database)
    assert do(database, lambda s: users.close_user(s, actor, me)) is Oneself
    membre = Role.MEMBRE
    assert do(database, lambda s: users.set_global_role(s, actor, SetGlobalRole(user_id=me, role=membre))) is Oneself
    other = people.person(database, "autre@x.org")
    stranger = people.admin_actor(other)  # whose right was taken meanwhile
    assert do(database, lambda s: users.close_user(s, stranger, me)) is LastAdmin
    demote = SetGlobalRole(user_id=me, role=membre)
    assert do(database, lambda s: users.set_global_role(s, stranger, demote)) is LastAdmin
    people.admin(database, "chef2@x.org", state="suspended")
    assert do(database, lambda s: users.close_user(s, stranger, me)) is LastAdmin


def test_two_administrators_who_close_each_other_leave_one(database: Database) -> None:
    pair = [people.admin(database, f"chef{number}@x.org") for number in (1, 2)]
    orders = [(people.admin_actor(pair[0]), pair[1]), (people.admin_actor(pair[1]), pair[0])]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda pair: do(database, lambda s: users.close_user(s, *pair)), orders))
    assert sorted(answer.__name__ if answer else "" for answer in answers) == ["", "LastAdmin"]


def test_closing_and_opening_again(database: Database) -> None:
    _, actor = chief(database)
    moussa = people.person(database, "moussa@x.org")
    assert do(database, lambda s: users.close_user(s, actor, moussa)) is None
    assert do(database, lambda s: users.close_user(s, actor, moussa)) is WrongState
    for _ in range(2):
        assert do(database, lambda s: users.reopen_user(s, actor, moussa)) is None
    assert do(database, lambda s: users.close_user(s, actor, uuid4())) is UserNotFound
    assert [len(people.trail(database, f"user.{act}")) for act in ("close", "reopen")] == [1, 1]


@pytest.mark.parametrize(
    ("scope", "role", "has_organisation", "field"),
    [
        ("platform", "operateur", False, "role"),
        ("ussd", "GESTIONNAIRE", False, "role"),
        ("organisation", "lecteur", True, "role"),
        ("organisation", "GESTIONNAIRE", False, "organization_id"),
        ("ussd", "lecteur", True, "organization_id"),
    ],
)
def test_a_role_that_does_not_exist_there(
    database: Database, scope: str, role: str, *, has_organisation: bool, field: str
) -> None:
    _, actor = chief(database)
    order = ChangeRole.model_validate(
        {
            "user_id": people.person(database, "m@x.org"),
            "scope": scope,
            "role": role,
            "organisation_id": people.organisation(database) if has_organisation else None,
        }
    )
    with pytest.raises(InvalidInput) as refused, database.transaction() as session:
        users.grant_role(session, actor, order)
    assert set(refused.value.fields) == {field}


def test_a_role_in_a_closed_or_unknown_organisation(database: Database) -> None:
    _, actor = chief(database)
    user_id = people.person(database, "m@x.org")
    for organisation_id in (people.organisation(database, "FERMEE", is_active=False), uuid4()):
        order = ChangeRole(
            user_id=user_id, scope=Scope.ORGANISATION, role=Role.SUPERVISEUR, organisation_id=organisation_id
        )
        assert do(database, partial(users.grant_role, actor=actor, order=order)) is InvalidInput


def test_a_role_given_twice_is_one_and_every_change_is_in_the_trail(database: Database) -> None:
    _, actor = chief(database)
    user_id, cnss = people.person(database, "m@x.org"), people.organisation(database)
    order = ChangeRole(user_id=user_id, scope=Scope.ORGANISATION, role=Role.GESTIONNAIRE, organisation_id=cnss)
    platform = ChangeRole(user_id=user_id, scope=Scope.PLATFORM, role=Role.ADMIN)
    for verb in (users.grant_role, users.grant_role):
        with database.transaction() as session:
            row = verb(session, actor, order)
        assert [(role.role, role.organisation and role.organisation.code) for role in row.roles] == [
            (Role.GESTIONNAIRE, "CNSS")
        ]
    for verb in (users.grant_role, users.grant_role, users.revoke_role, users.revoke_role):
        with database.transaction() as session:
            row = verb(session, actor, platform)
    assert row.global_role is Role.MEMBRE
    for verb in (users.revoke_role, users.revoke_role):
        with database.transaction() as session:
            row = verb(session, actor, order)
    assert row.roles == ()
    counts = [len(people.trail(database, f"user.{act}")) for act in ("role_grant", "role_revoke", "global_role")]
    assert counts == [1, 1, 2]
    assert people.trail(database, "user.role_grant")[0]["organisation_id"] == cnss


def test_a_key_that_may_write_users_makes_no_administrator(database: Database) -> None:
    machine = Actor(user_id=None, name="clé", key_scopes=frozenset({"users.write"}))
    plain = CreateUser(email="a@x.org", first_name="A", last_name="X")
    chief_order = CreateUser(email="b@x.org", first_name="B", last_name="X", global_role=Role.ADMIN)
    reader = CreateUser(email="c@x.org", first_name="C", last_name="X", scope=Scope.USSD, role=Role.LECTEUR)
    assert do(database, lambda s: users.create_user(s, machine, plain)) is None
    assert do(database, lambda s: users.create_user(s, machine, chief_order)) is Forbidden
    assert do(database, lambda s: users.create_user(s, machine, reader)) is Forbidden


def test_creating_somebody_who_exists(database: Database) -> None:
    _, actor = chief(database)
    people.person(database, "awa@x.org", phone="+22901950000" + "01")
    again = CreateUser(email="AWA@x.org", first_name="A", last_name="B")
    phone = CreateUser(email="b@x.org", phone="+2290195000001", first_name="A", last_name="B")
    assert do(database, lambda s: users.create_user(s, actor, again)) is users.EmailTaken
    assert do(database, lambda s: users.create_user(s, actor, phone)) is users.PhoneTaken


def test_people_are_found_without_their_accents(database: Database) -> None:
    _, actor = chief(database)
    people.person(database, "e@x.org", first_name="Élodie", last_name="N'Guessan", phone="+2250701020304")
    people.person(database, "z_100%@x.org", first_name="Zoé", last_name="Ébène", state="closed")
    people.holds(database, people.person(database, "u@x.org", first_name="Ugo"), Scope.USSD, Role.LECTEUR)

    def found(**search: object) -> list[str]:
        with database.transaction() as session:
            rows, total = users.list_users(session, actor, UserSearch.model_validate(search))
        assert total >= len(rows)
        return [row.first_name for row in rows]

    assert found(text="elodie n'gue") == ["Élodie"]
    assert found(text="ÉBENE") == ["Zoé"]
    assert found(text="0701 02") == ["Élodie"]
    assert found(text="100%@") == ["Zoé"]
    assert found(text="_") == ["Zoé"]
    assert found(text="%") == ["Zoé"]
    assert found(text="Z_100%@X.ORG") == ["Zoé"]
    assert found(role="lecteur") == ["Ugo"]
    assert found(role="admin") == ["Awa"]
    assert found(is_active=False) == ["Zoé"]
    assert found() == ["Awa", "Élodie", "Ugo", "Zoé"]
    assert found(skip=1, limit=2) == ["Élodie", "Ugo"]
    assert found(text="personne") == []


def test_organisations_and_who_sees_them(database: Database) -> None:
    _, actor = chief(database)
    with database.transaction() as session:
        cnss = organisations.create_organisation(
            session, actor, CreateOrganisation(code="cnss", name="Caisse", country="BJ")
        )
        organisations.create_organisation(session, actor, CreateOrganisation(code="IPRES", name="Âge d'or"))
    assert cnss.code == "CNSS"
    again = CreateOrganisation(code="CnSs", name="Autre")
    assert do(database, lambda s: organisations.create_organisation(s, actor, again)) is CodeTaken
    manager = people.actor(uuid4(), Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, cnss.id))
    lost = people.actor(uuid4())
    with database.transaction() as session:
        assert [row.code for row in organisations.list_organisations(session, actor)] == ["IPRES", "CNSS"]
        assert [row.code for row in organisations.list_organisations(session, manager)] == ["CNSS"]
        assert organisations.list_organisations(session, lost) == []
        assert organisations.get_organisation(session, manager, cnss.id) == cnss
        for stranger, wanted in ((lost, cnss.id), (actor, uuid4())):
            with pytest.raises(OrganisationNotFound):
                organisations.get_organisation(session, stranger, wanted)
        closing = UpdateOrganisation(organisation_id=cnss.id, is_active=False)
        assert not organisations.update_organisation(session, actor, closing).is_active
        assert [row.code for row in organisations.list_organisations(session, actor)] == ["IPRES"]
        assert len(organisations.list_organisations(session, actor, with_closed=True)) == 2
        assert [row.is_active for row in organisations.list_organisations(session, manager)] == [False]
    assert people.trail(database, "organisation.update")[0]["changes"] == {"is_active": [True, False]}


def test_the_trail_is_searched_and_never_changed(database: Database) -> None:
    _, actor = chief(database)
    user_id = people.person(database, "m@x.org")
    do(database, lambda s: users.close_user(s, actor, user_id))
    do(database, lambda s: users.reopen_user(s, actor, user_id))
    with database.transaction() as session:
        rows, total = audit.list_entries(session, actor, AuditSearch(text="CLOSÉ"))
        assert ([row.action for row in rows], total) == (["user.close"], 1)
        rows, _ = audit.list_entries(session, actor, AuditSearch(actor_id=actor.user_id, limit=1))
        assert [row.action for row in rows] == ["user.reopen"]
        assert [row.action for row in audit.list_history(session, "user", user_id)] == ["user.reopen", "user.close"]
        assert audit.list_entries(session, actor, AuditSearch(is_refusal=True)) == ([], 0)
        future = AuditSearch(since=rows[0].created_at, until=rows[0].created_at)
        assert audit.list_entries(session, actor, future) == ([], 0)
    for change in ("update audit_entry set action = 'x'", "delete from audit_entry"):
        with pytest.raises(Exception, match=r"append-only|permission denied"), database.transaction() as session:
            session.connection().exec_driver_sql(change)
