"""Who writes notices in tests, and what they leave in the outbox."""

from typing import Any
from uuid import UUID

import pytest

from core.database import Database, Session, fetch_all
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from jobs.notices import advance
from models.transfers import ProviderEnvironment
from services import notices, provider_accounts, routes
from services.notices import (
    SaveNotice,
    SendNotice,
)
from services.provider_accounts import CreateAccount
from services.routes import ChangeRoute, RouteEntry
from tests.builders import people, world

GRANTS = (Grant(Scope.USSD, Role.OPERATEUR),)
TEXT = {"fr": "Le bureau ferme à 15 h demain.", "en": "The office closes at 3 p.m. tomorrow."}
SMS = "select * from message where channel = 'sms' and data ? 'notice_id' order by address"


@pytest.fixture
def operator(database: Database) -> Actor:
    """Build the world of the vectors and an operator with a phone of his own."""
    world.build(database, {"surveys": [], "notices": []})
    user_id = people.person(database, "op@palabre.example", phone="+237699000050", language="en")
    return Actor(user_id, "Opérateur", GRANTS)


def saved(session: Session, actor: Actor, **more: Any) -> UUID:
    order = SaveNotice.model_validate({"name": "Fermeture", "texts": TEXT, **more})
    return notices.save_notice(session, actor, order).id


def sent(database: Database, actor: Actor, **more: Any) -> UUID:
    """Write, test, send, and let the worker write the outbox."""
    with database.transaction() as session:
        notice_id = saved(session, actor, **more)
        notices.test_notice(session, actor, notice_id)
        notices.send_notice(session, actor, SendNotice(notice_id=notice_id))
    while advance(database):
        pass
    return notice_id


def rows(database: Database, query: str = SMS) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return fetch_all(session, query)


def shows_screens(database: Database) -> None:
    """Open MTN's push in Cameroon."""
    with database.transaction() as session:
        order = CreateAccount(
            code="mtn-ussd",
            label="MTN",
            adapter="mtn_madapi",
            environment=ProviderEnvironment.FAKE,
            base_url="http://127.0.0.1:9/mtn_madapi",
            settings={"service_code": "155", "networks": "MTN"},
            secrets={"api_key": "k" * 16},
            offers=("send",),
        )
        made = provider_accounts.create_account(session, SYSTEM, order)
        provider_accounts.resume_account(session, SYSTEM, made.id)
        entry = RouteEntry(account_id=made.id)
        routes.set_route(session, SYSTEM, ChangeRoute(method="ussd", country="CM", direction="send", entries=(entry,)))
