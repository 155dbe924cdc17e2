"""A person lets browsers notify him: whose address is taken, whose is not, and what arrives there."""

from typing import Any

import pytest

from core.database import driver
from core.errors import NotFound, NotSignedIn
from core.permissions import SYSTEM, Actor
from models.messages import Channel
from providers import http
from providers.fakes.accounts import account_of
from providers.messaging import web_push
from services import provider_accounts
from services.messages import browsers
from services.messages.browsers import (
    BrowserRefused,
    BrowserRow,
    PushIsClosed,
    SubscribePush,
    TooManyBrowsers,
    UnsubscribePush,
)
from services.provider_accounts import PauseAccount
from tests.messages.house import House, number, reminder

NEUTRAL = "Nouvelle information sur votre tontine"
GOOGLE = "https://fcm.googleapis.com/fcm/send/dQw4:APA91b-_x%3D"


def order_of(house: House, name: str, endpoint: str = "", **changes: Any) -> SubscribePush:
    """Return what a browser of this name gives; at the fake's own address unless told otherwise."""
    keys = house.browsers.open_browser(name).keys
    return SubscribePush(
        **({"endpoint": endpoint or f"{house.fakes.url}/web_push/{name}", "label": name} | keys | changes)
    )


def subscribe(house: House, actor: Actor, order: SubscribePush) -> BrowserRow:
    with house.database.transaction() as session:
        return browsers.subscribe_push(session, actor, order)


def names(house: House, actor: Actor) -> list[str]:
    with house.database.transaction() as session:
        return [row.label for row in browsers.list_browsers(session, actor)]


def go_live(house: House) -> None:
    """Make the account a real contract: its keys are the same, its browsers are those of the world."""
    with house.database.transaction() as session:
        driver(session).execute(
            "update provider_account set environment = 'live', base_url = '' where adapter = 'web_push'"
        )


@pytest.fixture
def awa(house: House) -> Actor:
    return Actor(house.person(number()), "Awa")


def test_what_a_browser_gave_is_what_it_can_read(house: House, awa: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[tuple[str, bytes]] = []
    exchange = http.exchange

    def watch(method: str, url: str, **call: Any) -> http.Outcome | http.NoAnswer:
        left.append((url, call["content"]))
        return exchange(method, url, **call)

    monkeypatch.setattr(http, "exchange", watch)
    order = order_of(house, "phone500")
    subscribe(house, awa, order)
    message = house.write(**reminder("1", channel=Channel.PUSH, address=str(awa.user_id), recipient_id=awa.user_id))
    house.send()
    assert house.state(message) == "sent"
    ((url, body),) = left
    assert url == order.endpoint
    assert all(word not in body for word in (b"Nouvelle", b"Amies", b"5 000"))
    (letter,) = house.letters(adapter="web_push")  # opened with the key that never left that browser
    assert (letter.to, letter.subject, letter.text) == ("phone500", "Palabre", NEUTRAL)


def test_browsers_subscribe_with_the_public_half_of_our_key(house: House, awa: Actor) -> None:
    private, public = web_push.make_vapid_keys()
    with house.database.transaction() as session:
        door = browsers.get_push_door(session, awa)
        account = provider_accounts.view(session, house.accounts["web_push"])
        assert door is not None
        assert (len(door.public_key), door.public_key[0], door.is_fake) == (87, "B", True)
        assert door.public_key != next(iter(account_of("web_push").secrets.values()))
    made = {slot: getattr(account, slot) for slot in type(account).__slots__} | {
        "secrets": {"vapid_private_key": private}
    }
    assert web_push.public_key(type(account)(**made)) == public
    assert web_push.public_key(type(account)(**made | {"secrets": {}})) == ""
    assert web_push.public_key(type(account)(**made | {"secrets": {"vapid_private_key": "none"}})) == ""


def test_nobody_subscribes_where_no_account_is_open(house: House, awa: Actor) -> None:
    with house.database.transaction() as session:
        provider_accounts.pause_account(
            session, SYSTEM, PauseAccount(account_id=house.accounts["web_push"], reason="essai")
        )
        assert browsers.get_push_door(session, awa) is None
    with pytest.raises(PushIsClosed):
        subscribe(house, awa, order_of(house, "phone500"))
    with pytest.raises(NotSignedIn):
        subscribe(house, SYSTEM, order_of(house, "phone500"))


@pytest.mark.parametrize(
    "endpoint",
    [
        GOOGLE,
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAAB-_",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAB%2bx%3d",
        "https://web.push.apple.com/QGuQyavXutnMH-_",
    ],
)
def test_the_services_of_the_known_browsers_are_taken(house: House, awa: Actor, endpoint: str) -> None:
    go_live(house)
    subscribe(house, awa, order_of(house, "phone500", endpoint))
    assert names(house, awa) == ["phone500"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/x",
        "HTTPS://fcm.googleapis.com/fcm/send/x",
        "ftp://fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "https:fcm.googleapis.com/x",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/x",
        "https://localhost/x",
        "https://awa@fcm.googleapis.com/x",
        "https://awa:pin@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@127.0.0.1/x",
        "https://fcm.googleapis.com%40127.0.0.1/x",
        "https://fcm.googleapis.com:22/x",
        "https://fcm.googleapis.com:443/x",
        "https://fcm.googleapis.com:/x",
        "https://fcm.googleapis.com:443@127.0.0.1/x",
        "https://example.org/x",
        "https://example.org/https://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.example.org/x",
        "https://evilfcm.googleapis.com/x",
        "https://x.fcm.googleapis.com/x",
        "https://evilpush.services.mozilla.com/x",
        "https://push.services.mozilla.com/x",
        "https://.notify.windows.com/x",
        "https://api.push.apple.com/x",
        "https://example.org#.notify.windows.com/x",
        "https://example.org?.notify.windows.com/x",
        "https://example.org\\.notify.windows.com/x",
        "https://example.org/\\@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\\@127.0.0.1/x",
        "https://fcm.googleapis.com./x",
        "https://fcm.googleapis.com",
        "https://fcm.googleapis.com/",
        "https://FCM.googleapis.com/x",
        "https://fcm。googleapis.com/x",
        "https://fcm.googleapis.com/x y",
        "https://fcm.googleapis.com/x\r\nHost: localhost",
        "https://fcm.\tgoogleapis.com/x",
        " https://fcm.googleapis.com/x",
        "https://fcm.googleapis.com/x\n",
        "",
    ],
)
def test_no_other_address_is_taken(house: House, awa: Actor, endpoint: str) -> None:
    keys = house.browsers.open_browser("phone500").keys
    go_live(house)
    with pytest.raises(BrowserRefused):
        subscribe(house, awa, SubscribePush(endpoint=endpoint, **keys))
    assert names(house, awa) == []


def test_loopback_is_for_a_fake_account_alone_and_its_own_server(house: House, awa: Actor) -> None:
    own = f"{house.fakes.url}/web_push"
    for endpoint in (
        GOOGLE,
        f"{house.fakes.url}/kannel/x",
        f"{own}/../kannel/cgi-bin/sendsms",
        f"{own}/x?y=1",
        f"{own}",
        f"{own}/",
        f"{own}@example.org/x",
        f"{own}/phone500\n",
        "http://127.0.0.1:5432/web_push/x",
    ):
        with pytest.raises(BrowserRefused):
            subscribe(house, awa, order_of(house, "phone500", endpoint))
    taken = order_of(house, "phone500")
    subscribe(house, awa, taken)
    go_live(house)
    with pytest.raises(BrowserRefused):
        subscribe(house, awa, taken)


@pytest.mark.parametrize("key", ["p256dh", "auth"])
@pytest.mark.parametrize("value", ["", "a", "%%%%", "BA" + "A" * 85, "A" * 87, "A" * 23])
def test_keys_that_are_none_are_refused(house: House, awa: Actor, key: str, value: str) -> None:
    with pytest.raises(BrowserRefused):
        subscribe(house, awa, order_of(house, "phone500", **{key: value}))


def test_ten_browsers_are_enough(house: House, awa: Actor) -> None:
    rows = [subscribe(house, awa, order_of(house, f"b{n}")) for n in range(10)]
    with pytest.raises(TooManyBrowsers) as refused:
        subscribe(house, awa, order_of(house, "b10"))
    assert str(refused.value).startswith("10 navigateurs au plus")
    assert subscribe(house, awa, order_of(house, "b3")).id == rows[3].id, "one that is known is not one more"
    with house.database.transaction() as session:
        browsers.unsubscribe_push(session, awa, UnsubscribePush(browser_id=rows[0].id))
    subscribe(house, awa, order_of(house, "b10"))
    assert sorted(names(house, awa)) == sorted(f"b{n}" for n in range(1, 11))


def test_browsers_are_ones_own(house: House, awa: Actor) -> None:
    jean = Actor(house.person(number("501")), "Jean")
    order = order_of(house, "phone500")
    first = subscribe(house, awa, order)
    subscribe(house, awa, order)
    assert names(house, awa) == ["phone500"]
    with house.database.transaction() as session, pytest.raises(NotFound):
        browsers.unsubscribe_push(session, jean, UnsubscribePush(browser_id=first.id))
    with house.database.transaction() as session:
        assert browsers.find_browser(session, awa, order.endpoint) == first.id
        assert browsers.find_browser(session, jean, order.endpoint) is None
    subscribe(house, jean, order)  # the same browser, where somebody else signed in
    assert (names(house, awa), names(house, jean)) == ([], ["phone500"])
    with house.database.transaction() as session:
        browsers.unsubscribe_push(session, jean, UnsubscribePush(browser_id=first.id))
    assert names(house, jean) == []
    written = house.rows(
        "select actor_id, action from audit_entry where action in ('user.push_on', 'user.push_off') order by id"
    )
    assert [(row["actor_id"], row["action"]) for row in written] == [
        (awa.user_id, "user.push_on"),
        (awa.user_id, "user.push_on"),
        (jean.user_id, "user.push_on"),
        (jean.user_id, "user.push_off"),
    ]
    assert house.rows("select 1 from audit_entry where summary like %s", ("%http%",)) == []
