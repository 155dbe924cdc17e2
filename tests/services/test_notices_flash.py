"""A notice shown by the network itself: one screen, once, where it can be; an SMS elsewhere."""

import pytest

from core.database import Database, fetch_all
from core.errors import InvalidInput
from core.permissions import SYSTEM, Actor
from jobs.notices import advance
from services import notices, routes
from services.messages import suppressions
from services.notices import (
    SaveNotice,
    SendNotice,
    TooLongForFlash,
    outbox,
)
from services.routes import ChangeRoute
from tests.services.notices_desk import TEXT, operator, rows, saved, shows_screens
from tests.services.wallet_world import AWA, JEAN, READER

__all__ = ["operator"]


BY_PHONE = "select address, channel, dedupe_key, next_channels from message where channel in ('sms', 'ussd') order by 1"


def test_the_phones_of_one_network_see_a_screen_and_the_others_an_sms_each_once(
    database: Database, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 3)
    shows_screens(database)
    with database.transaction() as session:
        assert notices.list_flash_networks(session, READER) == ["MTN (CM)"]
        suppressions.suppress(session, "sms", JEAN, "stop")
        notice_id = saved(session, operator, has_inbox=False, has_flash=True)
        seen = notices.preview_notice(session, READER, notice_id)
        notices.test_notice(session, operator, notice_id)
        (tried,) = fetch_all(session, "select channel, address, next_channels from message")
        assert tried == {"channel": "sms", "address": "+237699000050", "next_channels": []}
        notices.send_notice(session, operator, SendNotice(notice_id=notice_id))
    assert (seen.people, seen.opted_out, seen.flashes, seen.parts) == (7, 1, 1, 5)
    assert [(each.network, each.people, each.flashes, each.parts) for each in seen.networks] == [
        ("Orange", 5, 0, 5), ("MTN", 2, 1, 0)
    ]  # fmt: skip
    while advance(database):
        pass
    written = [row for row in rows(database, BY_PHONE) if row["dedupe_key"].startswith("notice:")]
    assert len(written) == len({row["address"] for row in written}) == 7
    ways = {row["address"]: (row["channel"], row["next_channels"]) for row in written}
    assert ways[JEAN] == ("ussd", ["sms"])
    assert ways[AWA] == ("sms", [])
    assert sorted(way for way, _ in ways.values()) == ["sms"] * 5 + ["ussd"] * 2
    with database.transaction() as session:
        session.connection().exec_driver_sql("update notice set state = 'sending', cursor = ''")
    provider_is_gone(database)
    while advance(database):
        pass
    assert len([row for row in rows(database, BY_PHONE) if row["dedupe_key"].startswith("notice:")]) == 7
    with database.transaction() as session:
        progress = notices.get_progress(session, READER, notice_id)
    assert [(each.network, each.channel, each.waiting, each.total) for each in progress.networks] == [
        ("Orange", "sms", 5, 5), ("MTN", "ussd", 2, 2)
    ]  # fmt: skip


def provider_is_gone(database: Database) -> None:
    """Close the push: the same notice would now be an SMS to everybody, and is not, for everybody has had it."""
    with database.transaction() as session:
        routes.set_route(session, SYSTEM, ChangeRoute(method="ussd", country="CM", direction="send"))
        assert notices.list_flash_networks(session, READER) == []


def test_a_screen_is_tried_on_ones_own_phone_where_it_can_be(database: Database, operator: Actor) -> None:
    shows_screens(database)
    with database.transaction() as session:
        session.connection().exec_driver_sql("update users set phone = '+237677000050' where phone = '+237699000050'")
        notice_id = saved(session, operator, has_inbox=False, has_flash=True)
        notices.test_notice(session, operator, notice_id)
        (tried,) = fetch_all(session, "select channel, address, next_channels, priority from message")
        assert tried == {"channel": "ussd", "address": "+237677000050", "next_channels": ["sms"], "priority": 1}
        order = SaveNotice(notice_id=notice_id, name="Fermeture", texts=TEXT, has_inbox=False, has_flash=False)
        assert not notices.save_notice(session, operator, order).is_tested  # by another way is another test


def test_a_screen_is_one_page_and_stands_for_an_sms(database: Database, operator: Actor) -> None:
    with database.transaction() as session:
        with pytest.raises(InvalidInput):
            saved(session, operator, has_sms=False, has_flash=True)
        whole = saved(session, operator, texts={"fr": "x" * 182}, has_flash=True)
        assert notices.test_notice(session, operator, whole).is_tested
        for texts in ({"fr": "x" * 183}, {"fr": "x", "en": "€" * 92}, {"fr": "中" * 81}):
            long = saved(session, operator, texts=texts, has_flash=True)
            with pytest.raises(TooLongForFlash):
                notices.test_notice(session, operator, long)
