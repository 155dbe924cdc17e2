"""A menu as ways: what every way to a goal crosses, the screens seen as a tree, where money is proved."""

import json
from pathlib import Path

from channels.flow import Flow, parse_flow
from channels.ways import Branch, common_way, money_ways, outline, walked

BODY = json.loads((Path(__file__).parent.parent / "data" / "ussd_menus.json").read_text())["menus"]["wallet"]
WAY = ["home", "t_to", "t_amount", "t_confirm", "t_pin", "t_ok"]


def wallet() -> Flow:
    return parse_flow(BODY)


def test_a_transfer_crosses_its_six_screens_whatever_is_asked_between() -> None:
    assert common_way(wallet(), "transfer_done") == WAY


def test_a_goal_nobody_declares_has_no_way() -> None:
    assert common_way(wallet(), "moon_reached") == []


def test_a_loop_counts_once_and_a_short_cut_counts_what_it_saw() -> None:
    assert walked(["home", "t_to", "t_amount"], WAY) == {"home", "t_to", "t_amount"}
    assert walked(["t_to", "home", "t_amount"], WAY) == {"t_to", "t_amount"}
    assert walked(["q_pin", "q_ok"], WAY) == set()


def test_a_screen_hangs_where_fewest_answers_lead_to_it() -> None:
    seen = {*WAY, "cancelled", "q_pin", "no_funds"}
    assert outline(wallet(), seen) == [
        Branch("home", 0),
        Branch("t_to", 1),
        Branch("t_amount", 2),
        Branch("t_confirm", 3),
        Branch("t_pin", 4),
        Branch("t_ok", 5),
        Branch("no_funds", 5),
        Branch("cancelled", 4),
        Branch("q_pin", 1),
    ]


def test_every_type_of_money_has_its_confirmation_and_its_pin() -> None:
    ways = {way.type: way for way in money_ways(wallet())}
    assert (ways["transfer"].confirm, ways["transfer"].pin) == ("t_confirm", "t_pin")
    assert "pin_locked" in ways["transfer"].wrong
    assert {"transfer", "cash_out", "bill", "sell", "airtime", "payment", "recharge"} <= set(ways)
