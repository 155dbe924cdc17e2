"""Routes: the first account that can, the owner's own before ours, never a test platform in place of a real one."""

from uuid import uuid4

import pytest

from core.database import Database
from core.errors import Forbidden, InvalidInput
from core.money import Currency
from core.permissions import SYSTEM
from providers.answers import Unknown
from services import approvals, breaker, provider_accounts, routes
from services.approvals import DecideApproval, SamePerson
from services.breaker import ProviderResting
from services.provider_accounts import AccountRow, PauseAccount
from services.routes import ChangeRoute, NoRoute, Owner, Route, RouteEntry
from tests.builders import payments

XOF = Currency.XOF


def open_route(database: Database, *accounts: AccountRow, direction: str = "collect", country: str = "BJ") -> None:
    entries = tuple(RouteEntry(account_id=account.id, party_code="MTN_MOMO_BEN") for account in accounts)
    order = ChangeRoute.model_validate(
        {"method": "mtn_momo", "country": country, "direction": direction, "entries": entries}
    )
    with database.transaction() as session:
        routes.set_route(session, SYSTEM, order)


def chosen(database: Database, direction: str = "collect", owner: Owner | None = None, country: str = "BJ") -> Route:
    with database.transaction() as session:
        return routes.choose(session, "mtn_momo", country, direction, XOF, owner)  # type: ignore[arg-type]


def trip(database: Database, account: AccountRow) -> None:
    with database.transaction() as session:
        for _ in range(5):
            breaker.note(session, account.id, Unknown(is_sent=True))


def test_the_first_in_rank_serves_and_the_next_when_its_breaker_is_open(database: Database) -> None:
    first, second = payments.account(database, "mtn"), payments.account(database, "pawapay")
    open_route(database, first, second)
    route = chosen(database)
    assert (route.account_id, route.adapter, route.party_code) == (first.id, "mtn", "MTN_MOMO_BEN")
    assert (route.environment, route.base_url) == ("fake", first.base_url)
    trip(database, first)
    assert chosen(database).account_id == second.id


def test_with_every_breaker_open_a_collect_is_refused_and_a_payout_waits(database: Database) -> None:
    only = payments.account(database, "mtn")
    open_route(database, only)
    open_route(database, only, direction="payout")
    trip(database, only)
    with pytest.raises(ProviderResting, match="MTN MoMo ne répond pas bien"):
        chosen(database)
    assert chosen(database, "payout").account_id == only.id


def test_no_route_names_the_method(database: Database) -> None:
    with pytest.raises(NoRoute, match="MTN MoMo n'est pas disponible ici"):
        chosen(database)
    paused = payments.account(database, "mtn", is_active=False)
    open_route(database, paused)
    with pytest.raises(NoRoute):
        chosen(database)


def test_another_country_or_currency_has_no_route(database: Database) -> None:
    open_route(database, payments.account(database, "mtn"))
    with pytest.raises(NoRoute):
        chosen(database, country="CI")
    with database.transaction() as session, pytest.raises(NoRoute):
        routes.choose(session, "mtn_momo", "BJ", "collect", Currency.XAF)


def test_paused_payouts_go_elsewhere_and_collects_stay(database: Database) -> None:
    first, second = payments.account(database, "mtn"), payments.account(database, "pawapay")
    open_route(database, first, second)
    open_route(database, first, second, direction="payout")
    with database.transaction() as session:
        order = PauseAccount(account_id=first.id, reason="contradiction", has_payouts_only=True)
        provider_accounts.pause_account(session, SYSTEM, order)
    assert chosen(database).account_id == first.id
    assert chosen(database, "payout").account_id == second.id


def test_the_owners_account_comes_first_and_ours_serves_only_where_it_is_shared(database: Database) -> None:
    owner: Owner = ("tontine", uuid4())
    shared = payments.account(database, "mtn")
    own = payments.account(database, "pawapay", owner_type="tontine", owner_id=owner[1])
    open_route(database, shared, own)
    assert chosen(database, owner=owner).account_id == own.id
    assert chosen(database).account_id == shared.id
    assert chosen(database, owner=("tontine", uuid4())).account_id == shared.id
    live = payments.account(database, "wave", environment="live", base_url="https://api.wave.com")
    open_route(database, live)
    with pytest.raises(NoRoute):
        chosen(database, owner=owner)
    assert chosen(database).account_id == live.id


def test_a_real_account_that_rests_is_never_replaced_by_a_fake_one(database: Database) -> None:
    live = payments.account(database, "wave", environment="live", base_url="https://api.wave.com")
    open_route(database, live, payments.account(database, "mtn"))
    trip(database, live)
    with pytest.raises(ProviderResting):
        chosen(database)


def test_changing_a_route_takes_two_administrators(database: Database) -> None:
    account = payments.account(database, "mtn")
    one, two = payments.administrator(database, "un@x.org"), payments.administrator(database, "deux@x.org")
    order = ChangeRoute(
        method="mtn_momo", country="BJ", direction="collect", entries=(RouteEntry(account_id=account.id),), reason="MTN"
    )
    with database.transaction() as session:
        asked = routes.request_change(session, one, order)
    assert asked.summary == "MTN MoMo · BJ · collect → MTN MoMo"
    with pytest.raises(NoRoute):
        chosen(database)
    with pytest.raises(SamePerson), database.transaction() as session:
        approvals.decide(session, one, DecideApproval(approval_id=asked.id, is_approved=True))
    with database.transaction() as session:
        approvals.decide(session, two, DecideApproval(approval_id=asked.id, is_approved=True))
    assert chosen(database).account_id == account.id


def test_who_may_not_change_routes(database: Database) -> None:
    order = ChangeRoute(method="mtn_momo", country="BJ", direction="collect")
    for person in (payments.operator(database), payments.reader(database)):
        with pytest.raises(Forbidden), database.transaction() as session:
            routes.request_change(session, person, order)
        with pytest.raises(Forbidden), database.transaction() as session:
            routes.set_route(session, person, order)
    with pytest.raises(Forbidden), database.transaction() as session:
        routes.set_route(session, payments.administrator(database), order)


def test_a_route_takes_only_accounts_that_can(database: Database) -> None:
    webpay = payments.account(database, "orange_webpay", offers=("collect",))
    with pytest.raises(InvalidInput):
        open_route(database, webpay, direction="payout")
    with pytest.raises(InvalidInput):
        open_route(database, webpay, webpay)


def test_what_is_offered_is_greyed_with_its_reason(database: Database) -> None:
    open_route(database, payments.account(database, "mtn"))
    with database.transaction() as session:
        offers = {offer.method: offer for offer in routes.list_offers(session, "BJ", "collect", XOF)}
    assert (offers["mtn_momo"].is_available, offers["mtn_momo"].environment) == (True, "fake")
    assert (offers["wave"].is_available, offers["wave"].reason) == (
        False,
        "Wave n'est pas disponible ici pour cette opération.",
    )
    assert offers["especes"].is_available
    assert offers["especes"].is_recorded_by_hand
