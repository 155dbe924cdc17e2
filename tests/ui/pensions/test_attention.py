"""What must be cleared up: one line each, the oldest first; asked about, never sent again."""

from typing import Any

from nicegui import ui

from models.pension_stages import BatchStage, PaymentStage
from tests.builders.batches import Desk
from tests.builders.pension_batches import paid, put, some
from tests.ui.hands import press, shown, until
from tests.ui.pensions.conftest import labels, texts


def doubts(user: Any) -> list[str]:
    return [str(one.content) for one in shown(user, ui.html) if "waiting-asked-words" in str(one.content)]


async def test_each_doubt_says_since_when_and_when_it_is_asked_next(enter: Any, desk: Desk) -> None:
    lines = [*paid(1), *some(PaymentStage.UNKNOWN, 2), *some(PaymentStage.HELD, 1, name_verdict="different")]
    batch = put(desk.database, desk.caisse, lines, BatchStage.PROCESSING)
    async with enter(desk.caisse.manager) as user:
        await user.open("/pensions/a-eclaircir")
        await user.should_see("le paiement est peut-être déjà fait")
        await until(lambda: len(doubts(user)) == 2)
        assert f'href="/pensions/lots/{batch.bulk_id}/paiements/{batch.bulk_id}-0000003"' in doubts(user)[0]
        assert "0 lecture, prochaine dans" in doubts(user)[0]
        press(user, "Interroger maintenant")
        await user.should_see("rien n’est renvoyé")
        with user:
            shown(user, ui.tabs)[0].value = "held"
        await until(lambda: len(doubts(user)) == 1)
        assert "Autre nom" in doubts(user)[0]
    (asked,) = desk.rows("select count(*) as n from transfer where next_read_at <= now() + interval '1 minute'")
    assert asked["n"] == 1


async def test_one_batch_alone_is_shown_when_it_is_named(enter: Any, desk: Desk) -> None:
    first, second = (
        put(desk.database, desk.caisse, some(PaymentStage.UNKNOWN, number, first=number * 1_000), BatchStage.PROCESSING)
        for number in (2, 3)
    )
    async with enter(desk.caisse.manager) as user:
        await user.open(f"/pensions/a-eclaircir?lot={second.bulk_id}")
        await user.should_see(f"Ceux du lot {second.bulk_id} seulement.")
        await until(lambda: len(doubts(user)) == 3)
        assert first.bulk_id not in "".join(doubts(user))


async def test_only_held_ones_open_their_own_tab(enter: Any, desk: Desk) -> None:
    put(desk.database, desk.caisse, some(PaymentStage.HELD, 3, name_verdict="different"), BatchStage.PROCESSING)
    async with enter(desk.caisse.supervisor) as user:
        await user.open("/pensions/a-eclaircir")
        await until(lambda: len(doubts(user)) == 3)
        assert shown(user, ui.tabs)[0].value == "held"
        assert "Laisser partir" not in labels(user)


async def test_nothing_is_said_calmly_and_a_neighbour_sees_nothing(enter: Any, desk: Desk) -> None:
    put(desk.database, desk.caisse, some(PaymentStage.UNKNOWN, 2), BatchStage.PROCESSING)
    async with enter(desk.world.foreign.manager) as user:
        await user.open("/pensions/a-eclaircir")
        await user.should_see("Aucun paiement au sort incertain.")
        assert doubts(user) == []
        assert "bulk-" not in texts(user)


async def test_the_home_counts_them_and_the_rail_too(enter: Any, desk: Desk) -> None:
    put(desk.database, desk.caisse, [*paid(1), *some(PaymentStage.UNKNOWN, 2)], BatchStage.PROCESSING)
    async with enter(desk.caisse.manager) as user:
        await user.open("/")
        await user.should_see("Deux pensions sont à éclaircir, un lot de pensions est en cours.")
        await user.should_see("Pensions à éclaircir\u00a0: 2")
        rail = next(one.content for one in shown(user, ui.html) if "rail-item" in str(one.content))
        line = rail[rail.index("/pensions/a-eclaircir") :]
        assert 'aria-label="2 en attente"' in line[: line.index("</a>")]
        assert "Nouveau lot" in labels(user)
