"""An operator tries a text on a share of the callers, reads both versions side by side, and keeps the better one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from nicegui import ui

from core import clock
from core.database import Database, fetch_one
from services import rollups
from tests.builders.traffic import Line, Step, add_session
from tests.ui.hands import field, press, shown, stored, until
from tests.ui.test_menu_editor import MENUS, consoles, content, new_draft
from tests.ui.ussd_world import Open, endpoint_port

__all__ = ["consoles", "endpoint_port"]


def trial(house: Database) -> dict[str, Any]:
    return stored(house, "select * from ussd_trial")


def callers(house: Database, version_id: UUID, reached: int, first: int) -> None:
    """Let a hundred people go through one version, `reached` of them to their balance."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    with house.transaction() as session:
        row = fetch_one(
            session,
            "select s.id, (select id from ussd_gateway order by key limit 1) as gateway"
            " from ussd_service s where s.key = 'wallet'",
        )
        assert row is not None
        line = replace(Line(row["id"], version_id, row["gateway"]))
        for n in range(100):
            goal, phone = "balance_shown" if n < reached else "", f"+23769900{first + n:04}"
            add_session(session, line, hour, (Step("home"), Step("q_ok")), phone=phone, goal=goal)


async def test_a_version_is_tried_compared_and_kept(
    open_console: Open, house: Database, consoles: dict[str, str]
) -> None:
    with house.transaction() as session:
        session.connection().exec_driver_sql("update ussd_service set needs_four_eyes = false")
    async with open_console(consoles["Awa Diop"]) as awa:
        await new_draft(awa, house)
        await awa.open(f"{MENUS}/wallet")
        await until(lambda: "Essayer la version 2" in [b.props.get("aria-label") for b in shown(awa, ui.button)])
        press(awa, "Essayer la version 2")
        await awa.should_see("Part des appelants", retries=20)
        press(awa, "Commencer l\N{RIGHT SINGLE QUOTATION MARK}essai")
        await awa.should_see("Écrivez un motif.", retries=20)
        field(awa, "Motif").value = "Un accueil plus court"
        press(awa, "Commencer l\N{RIGHT SINGLE QUOTATION MARK}essai")
        await until(lambda: "Essai sur" in content(awa))
        assert content(awa).count("Essai sur") == 1
        found = trial(house)
        assert (found["share_percent"], found["begin_reason"]) == (10, "Un accueil plus court")
        assert found["ends_at"] - found["created_at"] > timedelta(days=6)
        assert "Pas encore de sessions finies" in content(awa)

        callers(house, found["against_id"], 50, 1000)
        callers(house, found["version_id"], 80, 2000)
        with house.transaction() as session:
            rollups.count_figures(session, rollups.list_due_figures(session))
        await awa.open(f"{MENUS}/wallet")
        await until(lambda: "les intervalles ne se touchent pas" in content(awa))
        assert "80,0" in content(awa)
        assert "71,1" in content(awa), "the interval"

        press(awa, "Garder la version 2")
        await awa.should_see("Publier la version 2", retries=20)
        field(awa, "Motif").value = "Elle fait mieux"
        press(awa, "Mettre en ligne la version 2")
        await until(lambda: "Essais finis" in content(awa) and "Essai sur" not in content(awa))
        live = (
            "select v.number from ussd_service s join flow_version v on v.id = s.live_version_id where s.key = 'wallet'"
        )
        assert (stored(house, live)["number"], trial(house)["end_reason"]) == (2, "Elle fait mieux")


async def test_a_trial_is_stopped_and_a_reader_only_reads_it(
    open_console: Open, house: Database, consoles: dict[str, str]
) -> None:
    with house.transaction() as session:
        session.connection().exec_driver_sql(
            "insert into flow_version (id, created_at, flow_id, number, state, body, checksum, lint, authors, note)"
            " select gen_random_uuid(), now(), flow_id, 9, 'published', body, 'neuf', lint, authors, ''"
            " from flow_version v join flow f on f.id = v.flow_id where f.key = 'wallet' limit 1"
        )
        session.connection().exec_driver_sql(
            "insert into ussd_trial (id, created_at, service_id, version_id, against_id, share_percent, key,"
            " begin_reason, end_reason) select gen_random_uuid(), now(), s.id, v.id, s.live_version_id, 20,"
            " decode('00', 'hex'), 'Essai', '' from ussd_service s join flow_version v on v.checksum = 'neuf'"
            " where s.key = 'wallet'"
        )
    async with open_console(consoles["Rita Biya"]) as rita:
        await rita.open(f"{MENUS}/wallet")
        await until(lambda: "Essai sur" in content(rita))
        assert not any("essai" in each.text for each in shown(rita, ui.button))
    async with open_console(consoles["Awa Diop"]) as awa:
        await awa.open(f"{MENUS}/wallet")
        await until(lambda: "Essai sur" in content(awa))
        press(awa, "Arrêter l\N{RIGHT SINGLE QUOTATION MARK}essai")
        await awa.should_see("Les prochains appels commencent tous", retries=20)
        press(awa, "Arrêter")
        await until(lambda: trial(house)["ended_at"] is not None)
        await until(lambda: "Essai sur" not in content(awa))
