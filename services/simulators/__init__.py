"""The fakes from the console: scenarios, orders of trial, callbacks on demand, their clock, their book beside ours.

The fakes may run in another process: everything is asked over loopback, outside any transaction.
"""

from services.simulators.book import Book, BookLine, Totals, get_book
from services.simulators.desk import (
    Desk,
    FakeAccount,
    FireCallback,
    MoveClock,
    NoFakes,
    NothingToPress,
    OnlyTrialPeople,
    PlayScenario,
    PressPhone,
    RestartFakes,
    fire_callback,
    get_desk,
    move_clock,
    play_scenario,
    press_phone,
    restart,
)
from services.simulators.phones import Letter, Prompt, list_letters, list_prompts
from services.simulators.trials import (
    NotFake,
    SendTrial,
    TrialMethod,
    TrialWallet,
    find_wallet,
    list_wallets,
    send_trial,
)

__all__ = [
    "Book",
    "BookLine",
    "Desk",
    "FakeAccount",
    "FireCallback",
    "Letter",
    "MoveClock",
    "NoFakes",
    "NotFake",
    "NothingToPress",
    "OnlyTrialPeople",
    "PlayScenario",
    "PressPhone",
    "Prompt",
    "RestartFakes",
    "SendTrial",
    "Totals",
    "TrialMethod",
    "TrialWallet",
    "find_wallet",
    "fire_callback",
    "get_book",
    "get_desk",
    "list_letters",
    "list_prompts",
    "list_wallets",
    "move_clock",
    "play_scenario",
    "press_phone",
    "restart",
    "send_trial",
]
