"""A walk of the simulated phone is kept, and taken again on the live menu and on every draft, without a trace."""

import json

import pytest

from channels.ussd import expectations, gateways, scripts, trial_lines
from channels.ussd.profiles.calling import Said, write
from channels.ussd.scripts import KeepSession, KeepWalk, KeptStep, NothingToKeep, RunScript, ScriptRow, Verdict
from channels.ussd.simulation import OnlyPlayMoney
from channels.ussd.trial_lines import OpenLine, VersionUnreadable
from channels.ussd.turn import take_turn
from core import clock
from core.database import Database, fetch_all, fetch_one
from core.errors import Forbidden, InvalidInput, NotFound
from core.masking import DOTS
from core.permissions import Actor
from core.settings import Environment, get_settings
from models.flows import FlowVersion
from tests.builders import world
from tests.services.wallet_world import AWA, JEAN, OPERATOR, READER, STRANGER, balance, hire

PIN = "48213"
PROMPT = "Entrez le numéro du bénéficiaire"
OTHER_PROMPT = "Numéro de votre correspondant"


@pytest.fixture
def bank(database: Database) -> Database:
    world.build(database)
    hire(database)
    gateways.forget()
    return database


def converse(bank: Database, *typed: str, phone: str = AWA, service: str = "wallet") -> list[KeptStep]:
    """Walk the live menu through a test line, as the phone in the page does."""
    with bank.transaction() as session:
        profile = "doc_b" if service == "wallet" else "doc_a"
        line = trial_lines.open_line(session, OPERATOR, OpenLine(profile=profile, service=service))
        gateway = gateways.known_in(session).by_key[line.gateway]
    steps = []
    for turn in range(len(typed) + 1):
        kind = "continue" if turn else "begin"
        said = Said(kind, f"S-{phone}", phone, line.code, clock.now(), typed[:turn], turn)
        read = line.contract.decode(line.contract.read(write(line.contract.profile, said)), gateway.place, clock.now())
        answer = take_turn(bank, gateway, line.contract, read, is_test=True)
        last = typed[turn - 1] if turn else ""
        shown = DOTS if last == PIN else last
        steps.append(KeptStep(typed=shown, text=answer.text, has_more=answer.has_more))
    return steps


def keep(bank: Database, *typed: str, service: str = "wallet") -> ScriptRow:
    steps = converse(bank, *typed, service=service)
    with bank.transaction() as session:
        walk = KeepWalk(title="Un transfert", service=service, phone=AWA, steps=tuple(steps))
        return scripts.keep_walk(session, OPERATOR, walk)


def run(bank: Database, script: ScriptRow, pin: str = "") -> list[Verdict]:
    with bank.transaction() as session:
        return scripts.run_script(session, OPERATOR, RunScript(script_id=script.id, pin=pin))


def draft(bank: Database, old: str, new: str) -> None:
    """Write a draft of the wallet whose words differ."""
    with bank.transaction() as session:
        live = fetch_one(
            session,
            "select f.flow_id, f.body from ussd_service v join flow_version f on f.id = v.live_version_id"
            " where v.key = 'wallet'",
        )
        assert live is not None
        body = json.loads(json.dumps(live["body"], ensure_ascii=False).replace(old, new))
        version = FlowVersion(flow_id=live["flow_id"], number=2, state="draft", body=body, checksum="c2", note="essai")
        session.add(version)


def figures(bank: Database) -> dict[str, int]:
    """Count everything a walk could leave."""
    tables = ("ussd_session", "ussd_turn", "ussd_operation", "ledger_transaction", "ledger_entry", "message")
    with bank.transaction() as session:
        return {table: fetch_all(session, f"select count(*) as n from {table}")[0]["n"] for table in tables}


def test_a_kept_transfer_is_a_dialogue_of_the_vectors_with_no_code_in_it(bank: Database) -> None:
    kept = keep(bank, "1", "677000002", "500", "1", PIN)
    dialogue = kept.dialogue
    assert set(dialogue) == {"id", "contract", "caller", "title", "service_code", "steps"}
    assert (dialogue["contract"], dialogue["caller"], dialogue["service_code"]) == ("B", AWA, "*155#")
    assert [step["input"] for step in dialogue["steps"]] == ["*155#", "1", "677000002", "500", "1", "{pin}"]
    assert dialogue["steps"][1]["expect"] == {"continue": True, "equals": PROMPT}
    assert dialogue["steps"][5]["expect"]["continue"] is False
    assert PIN not in str(dialogue)
    assert (kept.steps, kept.has_secret, kept.service) == (6, True, "wallet")


def test_the_service_menu_is_kept_as_its_contract_sends_it_all_typed_so_far(bank: Database) -> None:
    dialogue = keep(bank, "1", service="service").dialogue
    assert dialogue["contract"] == "A"
    assert [step["input"] for step in dialogue["steps"]] == ["", "1"]
    assert dialogue["steps"][1]["expect"]["continue"] is False


def test_taken_again_it_is_green_on_the_live_version_and_red_on_the_draft_that_differs(bank: Database) -> None:
    kept = keep(bank, "1", "677000002", "500", "1", PIN)
    draft(bank, PROMPT, OTHER_PROMPT)
    live, other = run(bank, kept, PIN)
    assert (live.version.is_live, live.step) == (True, None)
    assert (other.version.number, other.version.is_live, other.version.note) == (2, False, "essai")
    assert (other.step, other.typed, other.expected, other.seen) == (2, "1", PROMPT, OTHER_PROMPT)


def test_taking_it_again_moves_nothing_sends_nothing_and_counts_no_try(bank: Database) -> None:
    kept = keep(bank, "1", "677000002", "500", "1", PIN)
    before = figures(bank)
    with bank.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (9_450, 3_000)
    (right,) = run(bank, kept, PIN)
    (wrong,) = run(bank, kept, "11111")
    assert right.step is None
    assert (wrong.step, wrong.typed) == (6, DOTS)
    assert "11111" not in repr(wrong)
    assert figures(bank) == before
    with bank.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (9_450, 3_000)
        tries = fetch_all(session, "select tries from pin_credential where tries > 0")
    assert tries == []


def test_a_walk_with_a_code_asks_for_it(bank: Database) -> None:
    kept = keep(bank, "1", "677000002", "500", "1", PIN)
    with pytest.raises(InvalidInput) as refused:
        run(bank, kept)
    assert "pin" in refused.value.fields


def test_a_recorded_session_becomes_a_walk(bank: Database) -> None:
    converse(bank, "1", "677000002", "500", "1", PIN)
    with bank.transaction() as session:
        row = fetch_one(session, "select id from ussd_session")
        assert row is not None
        order = KeepSession(session_id=row["id"], title="Session d'Awa")
        kept = scripts.keep_session(session, OPERATOR, order)
    typed = [step["input"] for step in kept.dialogue["steps"]]
    assert typed == ["*155#", "1", "677000002", "500", "1", "{pin}"]
    (verdict,) = run(bank, kept, PIN)
    assert verdict.step is None


def test_a_session_whose_texts_were_erased_makes_no_walk(bank: Database) -> None:
    converse(bank, "1")
    with bank.transaction() as session:
        session.connection().exec_driver_sql("update ussd_turn set response_text = ''")
        row = fetch_one(session, "select id from ussd_session")
        assert row is not None
        with pytest.raises(NothingToKeep):
            scripts.keep_session(session, OPERATOR, KeepSession(session_id=row["id"], title="Effacée"))


def test_a_walk_is_thrown_away(bank: Database) -> None:
    kept = keep(bank, "1")
    with bank.transaction() as session:
        assert scripts.drop_script(session, OPERATOR, kept.id)
        assert scripts.list_scripts(session, OPERATOR) == []
        audited = fetch_all(session, "select action from audit_entry where subject_type = 'ussd_script' order by id")
        with pytest.raises(NotFound):
            scripts.get_script(session, OPERATOR, kept.id)
    assert [row["action"] for row in audited] == ["ussd_script.keep", "ussd_script.drop"]


def test_a_line_walks_only_versions_of_its_own_service_that_are_whole(bank: Database) -> None:
    with bank.transaction() as session:
        service = trial_lines.list_versions(session, OPERATOR, "service")[0]
        foreign = OpenLine(profile="doc_b", service="wallet", version_id=service.id)
        with pytest.raises(NotFound):
            trial_lines.open_line(session, OPERATOR, foreign)
        with pytest.raises(NotFound):
            trial_lines.open_line(session, OPERATOR, OpenLine(profile="unheard_of", service="wallet"))
        flow = fetch_one(session, "select flow_id from ussd_service where key = 'wallet'")
        assert flow is not None
        broken = FlowVersion(flow_id=flow["flow_id"], number=9, state="draft", body={"screens": {}}, checksum="c9")
        session.add(broken)
        session.flush()
        unreadable = OpenLine(profile="doc_b", service="wallet", version_id=broken.id)
        with pytest.raises(VersionUnreadable):
            trial_lines.open_line(session, OPERATOR, unreadable)


@pytest.mark.parametrize("who", [READER, STRANGER], ids=["lecteur", "nobody"])
def test_who_may_not_simulate_neither_reads_nor_runs_walks(bank: Database, who: Actor) -> None:
    kept = keep(bank, "1")
    with bank.transaction() as session:
        for attempt in (
            lambda: scripts.list_scripts(session, who),
            lambda: scripts.run_script(session, who, RunScript(script_id=kept.id)),
            lambda: scripts.drop_script(session, who, kept.id),
            lambda: trial_lines.open_line(session, who, OpenLine(profile="doc_b", service="wallet")),
            lambda: trial_lines.list_contracts(session, who),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_nothing_is_simulated_where_money_is_real(bank: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep(bank, "1")
    monkeypatch.setattr(get_settings(), "environment", Environment.PRODUCTION)
    with bank.transaction() as session:
        for attempt in (
            lambda: scripts.run_script(session, OPERATOR, RunScript(script_id=kept.id)),
            lambda: trial_lines.open_line(session, OPERATOR, OpenLine(profile="doc_b", service="wallet")),
            lambda: scripts.list_scripts(session, OPERATOR),
        ):
            with pytest.raises(OnlyPlayMoney):
                attempt()


def test_what_changes_from_one_walk_to_the_next_is_not_expected_again() -> None:
    said = "Transfert de 500 FCFA à Jean Nkolo réussi. Frais 50 FCFA. Solde 9 450 FCFA. Réf TR-HKDDBQ"
    again = "Transfert de 500 FCFA à Jean Nkolo réussi. Frais 50 FCFA. Solde 8 900 FCFA. Réf TR-S1MQZJ"
    expected = expectations.expect(said, has_more=False)
    assert list(expectations.differences(expected, again, has_more=False)) == []
    assert list(expectations.differences(expected, again.replace("Jean", "Paul"), has_more=False)) != []
    assert list(expectations.differences(expected, again, has_more=True)) == ["continue: True"]
    assert expectations.expect("1. Solde\n2. Retour", has_more=True)["equals"] == "1. Solde\n2. Retour"
