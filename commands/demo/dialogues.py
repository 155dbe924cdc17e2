"""What people do on their phones: each function walks one dialogue, screen by screen, as its person typed it."""

from dataclasses import dataclass, field
from typing import NamedTuple

from commands.demo.chance import Chance
from commands.demo.screens import Menu, Shown

SECRET = "•••••"  # noqa: S105  # how a secret is shown

SHORT_CUT_SHARE = 0.25
WRONG_PHONE_SHARE = 0.05
UNKNOWN_PAYEE_SHARE = 0.04
WRONG_AMOUNT_SHARE = 0.05
WRONG_PIN_SHARE = 0.07
CANCEL_SHARE = 0.05
DROP_SHARE = 0.035


class Step(NamedTuple):
    """One turn: what was typed (redacted), the screens before and after, and what the phone showed."""

    typed: str
    before: str
    after: str
    shown: Shown
    refusal: str
    is_secret: bool
    is_money: bool


@dataclass(slots=True)
class Walk:
    """A dialogue under way: where its person is and what he saw."""

    menu: Menu
    language: str
    values: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    screen: str = ""
    visits: int = 0

    def go(
        self, typed: str, screen: str, *, refusal: str = "", is_secret: bool = False, is_money: bool = False
    ) -> "Walk":
        """Answer the present screen and see the next; a refused answer shows the same one again."""
        shown = self.menu.show(screen, self.language, self.values, refusal)
        self.steps.append(Step(typed, self.screen, screen, shown, refusal, is_secret, is_money))
        self.screen = screen
        self.visits += 0 if refusal else 1
        return self

    def refuse(self, typed: str, refusal: str, *, is_secret: bool = False) -> "Walk":
        """Type something the present screen does not take."""
        return self.go(typed, self.screen, refusal=refusal, is_secret=is_secret)

    @property
    def is_over(self) -> bool:
        """Whether the last screen closed the dialogue."""
        return self.menu.is_end(self.screen)

    @property
    def goal(self) -> str:
        """Return the goal that was reached, or nothing."""
        return self.menu.goal(self.screen) if self.screen else ""


@dataclass(frozen=True, slots=True)
class Sending:
    """A transfer as it is typed: the payee's digits (kept as his phone), the amount, and how it is going to end."""

    digits: str
    phone: str
    amount: str
    ending: str = "t_ok"


def register(walk: Walk, chance: Chance, name: str) -> None:
    """Open an account: name, PIN twice."""
    walk.go("", "welcome").go("0", "r_name").go(name, "r_pin")
    if chance.is_true(WRONG_PIN_SHARE):
        walk.refuse(SECRET, "weak", is_secret=True)
    walk.go(SECRET, "r_pin2", is_secret=True).go(SECRET, "r_ok", is_secret=True)


def hesitate(walk: Walk, chance: Chance) -> None:
    """Look at the registration of an account and leave it there."""
    walk.go("", "welcome")
    if chance.is_true(0.5):
        walk.go("0", "r_name")
        if chance.is_true(0.3):
            walk.refuse("1234", "invalid")


def see_balance(walk: Walk, chance: Chance) -> None:
    """Ask for the balance of the wallet, with the PIN."""
    walk.go("", "home")
    if chance.is_true(DROP_SHARE):
        return
    walk.go("6", "q_pin")
    if chance.is_true(DROP_SHARE):
        return
    if chance.is_true(WRONG_PIN_SHARE):
        walk.values["left"] = "2"
        walk.refuse(SECRET, "wrong", is_secret=True)
    walk.go(SECRET, "q_ok", is_secret=True)


def see_service_balance(walk: Walk, chance: Chance, *, has_account: bool) -> None:
    """Ask the service menu for the balance."""
    walk.go("", "home")
    if not chance.is_true(DROP_SHARE):
        walk.go("1", "balance_end" if has_account else "no_account")


def look_around(walk: Walk, chance: Chance) -> None:
    """Dial, perhaps type a wrong key, and hang up."""
    walk.go("", "home")
    if chance.is_true(0.4):
        walk.refuse(chance.choice(("7", "12", "oui")), "invalid")


def send(walk: Walk, chance: Chance, sending: Sending) -> None:
    """Transfer money to somebody, with the mistakes people make; ends on `sending.ending` unless he lets go."""
    if chance.is_true(SHORT_CUT_SHARE):
        walk.go("1", "t_to")  # a first message that is a choice of the first screen is taken as that choice
    else:
        walk.go("", "home").go("1", "t_to")
    for step in (_name_payee, _name_amount, _confirm, _prove):
        if walk.is_over or chance.is_true(DROP_SHARE):
            return
        step(walk, chance, sending)


def _name_payee(walk: Walk, chance: Chance, sending: Sending) -> None:
    if chance.is_true(WRONG_PHONE_SHARE):
        walk.refuse(sending.digits[:-2], "invalid")
    if chance.is_true(UNKNOWN_PAYEE_SHARE):
        walk.refuse(sending.digits[:-1] + chance.digits(1), "unknown")
    walk.go(sending.phone, "t_amount")


def _name_amount(walk: Walk, chance: Chance, sending: Sending) -> None:
    if chance.is_true(WRONG_AMOUNT_SHARE):
        walk.refuse(chance.choice(("mille", "5.000", "-500", "0")), "invalid")
    walk.go(sending.amount, "t_confirm")


def _confirm(walk: Walk, chance: Chance, _sending: Sending) -> None:
    if chance.is_true(CANCEL_SHARE):
        walk.go("0", "cancelled")
    else:
        walk.go("1", "t_pin")


def _prove(walk: Walk, chance: Chance, sending: Sending) -> None:
    if chance.is_true(WRONG_PIN_SHARE):
        walk.values["left"] = "2"
        walk.refuse(SECRET, "wrong", is_secret=True)
    walk.go(SECRET, sending.ending, is_secret=True, is_money=sending.ending == "t_ok")
