"""Keys of machines: shown once, good for their scopes, from their networks, until they are revoked."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from core import clock
from core.database import Database
from core.errors import Forbidden, InvalidInput, Refusal
from core.permissions import Actor, Permission
from services import api_keys
from services.api_keys import ApiKeyCreated, CreateApiKey
from services.users import AccessDenied, InvalidApiKey
from tests.builders import people

INSIDE, OUTSIDE = "192.0.2.77", "203.0.113.1"


def made(database: Database, **order: object) -> ApiKeyCreated:
    with database.transaction() as session:
        wanted = CreateApiKey.model_validate({"name": "Passerelle", "scopes": ["ussd"], **order})
        return api_keys.create_api_key(
            session, people.admin_actor(people.admin(database, f"{clock.now()}@x.org")), wanted
        )


def holder(database: Database, key: str, address: str = INSIDE) -> Actor:
    with database.transaction() as session:
        return api_keys.actor_of_key(session, key, address)


def refusal(database: Database, key: str, address: str = INSIDE) -> type[Refusal]:
    with pytest.raises(Refusal) as refused:
        holder(database, key, address)
    return refused.type


def test_a_key_opens_what_its_scopes_say(database: Database) -> None:
    created = made(database, scopes=["ussd", "ussd:read", "ledger.read"])
    assert created.key.startswith("pal_")
    assert len(created.key) == 47
    actor = holder(database, created.key)
    assert (actor.user_id, actor.name, actor.api_key_id) == (None, "Passerelle", created.row.id)
    assert actor.permissions() == {Permission.LEDGER_READ}
    assert actor.key_scopes == {"ussd", "ussd:read", "ledger.read"}


def test_a_key_is_stored_as_a_digest_and_shown_by_its_beginning(database: Database) -> None:
    created = made(database)
    dump = people.everything(database)
    assert created.key not in dump
    assert created.row.prefix == created.key[:12]
    assert created.key not in repr(created)


def test_networks_bind_a_key(database: Database) -> None:
    created = made(database, networks=["192.0.2.0/24", "2001:db8::1"])
    holder(database, created.key, INSIDE)
    holder(database, created.key, "2001:db8::1")
    assert refusal(database, created.key, OUTSIDE) is AccessDenied
    assert refusal(database, created.key, "testclient") is AccessDenied
    with pytest.raises(ValidationError):
        made(database, networks=["partout"])


def test_unknown_expired_and_revoked_keys_get_one_answer(database: Database) -> None:
    chief = people.admin_actor(people.admin(database))
    with clock.travel(clock.now()) as traveller:
        created = made(database, expires_at=clock.now() + timedelta(days=1))
        holder(database, created.key)
        traveller.advance(86_400)
        assert refusal(database, created.key) is InvalidApiKey
        other = made(database)
        for _ in range(2):
            with database.transaction() as session:
                assert api_keys.revoke_api_key(session, chief, other.row.id).revoked_at is not None
        assert refusal(database, other.key) is InvalidApiKey
        assert refusal(database, "pal_inconnue") is InvalidApiKey
        assert refusal(database, "") is InvalidApiKey
    assert len(people.trail(database, "api_key.revoke")) == 1


def test_use_is_noted_once_a_minute(database: Database) -> None:
    with clock.travel(clock.now()) as traveller:
        created, start = made(database), clock.now()
        for _ in range(7):
            holder(database, created.key)
            traveller.advance(10)
        with database.transaction() as session:
            chief = people.admin_actor(people.admin(database))
            (row,) = api_keys.list_api_keys(session, chief)
        assert row.last_used_at == start + timedelta(seconds=60)


def test_a_key_holds_no_right_its_maker_lacks(database: Database) -> None:
    maker = Actor(user_id=None, name="clé", key_scopes=frozenset({"api_keys", "ledger.read"}))
    with database.transaction() as session:
        api_keys.create_api_key(session, maker, CreateApiKey(name="fille", scopes=("ledger.read",)))
        with pytest.raises(Forbidden):
            api_keys.create_api_key(session, maker, CreateApiKey(name="fille", scopes=("users.write",)))
        for scopes in ((), ("tout",)):
            with pytest.raises(InvalidInput):
                api_keys.create_api_key(session, maker, CreateApiKey(name="fille", scopes=scopes))
        with pytest.raises(api_keys.ApiKeyNotFound):
            api_keys.revoke_api_key(session, maker, people.person(database, None))
