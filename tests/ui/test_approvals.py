"""Everything that waits for a second person, on one page: each sees what is his to decide, or what he asked."""

from uuid import uuid4

from core.database import Database
from core.permissions import Actor, Grant, Role, Scope
from models.switches import SwitchScope
from services import switches
from services.switches import ReopenSwitch, StopSwitch
from tests.services.wallet_world import OPERATOR
from tests.ui.ussd_world import Open, as_operator, bank, endpoint_port, page
from ui.navigation import APPROVALS, SECTIONS, WHERE, sections_for

__all__ = ["as_operator", "bank", "endpoint_port"]

PATHS = [section.path for section in SECTIONS]


def asked(bank: Database) -> None:
    """Let the operator stop transfers, then ask to open them again."""
    with bank.transaction() as session:
        switches.stop(session, OPERATOR, StopSwitch(scope=SwitchScope.MONEY, key="transfer", reason="Essai"))
        switches.reopen(session, OPERATOR, ReopenSwitch(scope=SwitchScope.MONEY, key="transfer", reason="Réparé"))


async def test_who_asked_may_withdraw_and_another_decides(as_operator: Open, bank: Database) -> None:
    asked(bank)
    async with as_operator(APPROVALS) as user:
        await user.should_see("Vos demandes", retries=60)
        await user.should_see("Retirer ma demande")
        await user.should_not_see("Approuver")
    async with as_operator(APPROVALS, "collegue") as user:
        await user.should_see("À décider", retries=60)
        await user.should_see("Approuver")
        assert "Réparé" in page(user)
        await user.should_not_see("Retirer ma demande")


async def test_a_reader_is_refused(as_operator: Open, bank: Database) -> None:
    asked(bank)
    async with as_operator("/ussd-console", "lecteur") as user:
        answer = await user.http_client.get(APPROVALS)
    assert answer.status_code == 403
    assert "Réparé" not in answer.text


def test_only_who_takes_part_has_the_section() -> None:
    def has(scope: Scope, role: Role) -> bool:
        actor = Actor(uuid4(), "Awa", (Grant(scope, role),))
        return APPROVALS in [section.path for section in sections_for(actor, PATHS)]

    assert WHERE["approvals"] == APPROVALS
    assert has(Scope.PLATFORM, Role.ADMIN)
    assert has(Scope.USSD, Role.OPERATEUR)
    assert not has(Scope.USSD, Role.LECTEUR)
    assert not has(Scope.PLATFORM, Role.MEMBRE)
