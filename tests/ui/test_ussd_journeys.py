"""The page of journeys: what an operator reads there, and what a reader does not."""

from datetime import timedelta
from threading import Event

from nicegui import ui
from sqlmodel import select

from core import clock
from core.database import Database
from jobs import rollups
from models.ussd import UssdGateway, UssdService
from tests.builders import traffic
from tests.builders.traffic import Line, Step
from tests.services.wallet_world import AWA
from tests.ui.ussd_world import NO_BREAK, Open, as_operator, bank, elements, endpoint_port, page

__all__ = ["as_operator", "bank", "endpoint_port"]

WAY = ["home", "t_to", "t_amount", "t_confirm", "t_pin", "t_ok"]


def walked(bank: Database) -> None:
    """Write three transfers and one that was let go on the amount."""
    at = clock.now() - timedelta(minutes=20)
    with bank.transaction() as session:
        service = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
        gateway = session.exec(select(UssdGateway).where(UssdGateway.key == "doc-b")).one()
        assert service.live_version_id is not None
        line = Line(service.id, service.live_version_id, gateway.id)
        for _ in range(3):
            traffic.add_session(session, line, at, [Step(each) for each in WAY], goal="transfer_done", phone=AWA)
        traffic.add_session(session, line, at, [Step(each) for each in WAY[:3]], state="expired", network="MTN")
    rollups.work(Event())


async def test_an_operator_sees_where_people_stop(as_operator: Open, bank: Database) -> None:
    walked(bank)
    async with as_operator("/ussd-console/parcours", "lecteur") as user:
        await user.should_see("3 sur 4 finies", retries=60)
        await user.should_see(f"75,0{NO_BREAK}%", retries=30)
        await user.should_see("Compté le", retries=30)
        for screen in ("Bénéficiaire", "Confirmation", "Reçu"):
            assert screen in page(user)
        assert AWA not in page(user)
        charts = [each for each in elements(user) if isinstance(each, ui.plotly)]
        (bars,) = charts[0].figure["data"]
        assert bars["x"] == [4, 4, 4, 3, 3, 3]


async def test_narrowing_counts_the_rest_no_more(as_operator: Open, bank: Database) -> None:
    walked(bank)
    async with as_operator("/ussd-console/parcours") as user:
        await user.should_see("3 sur 4 finies", retries=60)
        box = next(
            each for each in elements(user) if isinstance(each, ui.select) and each.props.get("aria-label") == "Réseau"
        )
        box.value = "MTN"
        await user.should_see("0 sur 1 finies", retries=60)
        await user.should_see("1 sur 1 commencées", retries=30)


async def test_an_empty_period_says_so(as_operator: Open, bank: Database) -> None:
    assert bank
    async with as_operator("/ussd-console/parcours") as user:
        await user.should_see("Aucune session dans cette période.", retries=60)
