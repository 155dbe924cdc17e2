"""Notifications of the browser on `/mon-compte`: the switch, what its click brings back, the list."""

from typing import Any

from nicegui import ui

from core.database import Database
from core.permissions import SYSTEM
from models.transfers import ProviderEnvironment
from providers.fakes.accounts import account_of
from providers.fakes.push import PushFake
from services import provider_accounts
from services.provider_accounts import CreateAccount
from tests.builders import people
from tests.ui.hands import press, shown, sign_in, stored, until

SERVICE = "http://127.0.0.1:9/web_push"


def open_account(house: Database) -> None:
    fake = account_of("web_push")
    order = CreateAccount(
        code=fake.code,
        label=fake.label,
        adapter=fake.adapter,
        environment=ProviderEnvironment.FAKE,
        base_url=SERVICE,
        settings=dict(fake.settings),
        secrets=fake.secrets,
        offers=("send",),
    )
    with house.transaction() as session:
        made = provider_accounts.create_account(session, SYSTEM, order)
        provider_accounts.resume_account(session, SYSTEM, made.id)


def switch_of(user: Any) -> Any:
    return next(one for one in shown(user, ui.switch) if one.text == "Me notifier sur ce navigateur")


def browser_says(user: Any, element: ui.element, kind: str, args: dict[str, Any]) -> None:
    """Let the browser answer, as its script does."""
    with user:
        listener = [one for one in element._event_listeners.values() if one.type.startswith(kind)][-1]
        element._handle_event({"id": element.id, "listener_id": listener.id, "args": args})


def tell(user: Any, **args: Any) -> None:
    browser_says(user, user.client.layout, "subscription", args)


def turn(user: Any, **args: Any) -> None:
    browser_says(user, switch_of(user), "update:", args)


def count(house: Database) -> int:
    return int(stored(house, "select count(*) as many from push_subscription")["many"])


async def test_a_browser_is_subscribed_listed_and_removed(house: Database, open_console: Any) -> None:
    open_account(house)
    keys = PushFake().open_browser("phone500").keys
    me = people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop")
    async with open_console(sign_in(house, me)) as user:
        await user.open("/mon-compte")
        await user.should_see("seuls les navigateurs du simulateur")
        assert (switch_of(user).enabled, switch_of(user).value) == (False, False)
        tell(user, is_able=True, endpoint="")
        await until(lambda: switch_of(user).enabled)

        turn(user, endpoint="https://intranet.example/x", **keys)
        await user.should_see("aucun service de notifications connu")
        turn(user, endpoint=["x"], p256dh=None)
        turn(user, fault="denied")
        await user.should_see("permettez-les dans ses réglages")
        assert (count(house), switch_of(user).value) == (0, False)

        turn(user, endpoint=f"{SERVICE}/phone500", **keys)
        await user.should_see("Ce navigateur sera notifié")
        await until(lambda: switch_of(user).value)
        await user.should_see("depuis")
        assert stored(house, "select user_id, endpoint, keys from push_subscription") == {
            "user_id": me,
            "endpoint": f"{SERVICE}/phone500",
            "keys": keys,
        }

        await user.open("/mon-compte")
        tell(user, is_able=True, endpoint=f"{SERVICE}/phone500")
        await until(lambda: switch_of(user).value)
        label = next(
            one.props["aria-label"]
            for one in shown(user, ui.button)
            if one.text == "Retirer" and "aria-label" in one.props
        )
        press(user, label)
        await user.should_see("Navigateur retiré")
        await until(lambda: not switch_of(user).value)
        assert count(house) == 0


async def test_the_switch_turned_off_removes_this_browser(house: Database, open_console: Any) -> None:
    open_account(house)
    keys = PushFake().open_browser("phone500").keys
    me = people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop")
    async with open_console(sign_in(house, me)) as user:
        await user.open("/mon-compte")
        turn(user, endpoint=f"{SERVICE}/phone500", **keys)
        await until(lambda: switch_of(user).value)
        turn(user)
        await until(lambda: count(house) == 0)
        await until(lambda: not switch_of(user).value)


async def test_a_browser_that_cannot_says_so_and_stays_off(house: Database, open_console: Any) -> None:
    open_account(house)
    me = people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop")
    async with open_console(sign_in(house, me)) as user:
        await user.open("/mon-compte")
        tell(user, is_able=False, endpoint="")
        await user.should_see("ne reçoit pas de notifications")
        assert not switch_of(user).enabled


async def test_nothing_is_offered_where_no_account_can_push(house: Database, open_console: Any) -> None:
    me = people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop")
    async with open_console(sign_in(house, me)) as user:
        await user.open("/mon-compte")
        await user.should_see("Messages que je reçois")
        await user.should_not_see("Me notifier sur ce navigateur")


async def test_the_worker_is_served_at_the_root_and_read_anew(open_console: Any) -> None:
    async with open_console() as user:
        answer = await user.http_client.get("/push-worker.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert "showNotification" in answer.text
