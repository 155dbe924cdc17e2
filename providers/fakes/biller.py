"""The fake of billers: electricity, water and television, with customers whose references work.

A customer's reference of the form `99…NNN` plays the code NNN of the table of misbehaviours, in the lookup and in the
payment: `9900000011` for electricity never answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import Route

from providers.fakes.base import Answers, Call, Dropped, Hung, route
from providers.fakes.behaviour import Story
from providers.fakes.connector import ConnectorFake, Refused, story_by_ending
from providers.fakes.kernel import Kernel, Payment

SANDBOX = "99"


@dataclass(frozen=True, slots=True)
class Biller:
    """What a biller knows: the form of its references, its customers, and what some of them owe."""

    pattern: str
    customers: Mapping[str, str]
    due: Mapping[str, int] = field(default_factory=dict)
    currency: str = "XAF"


BILLERS: Mapping[str, Biller] = {
    "ELEC": Biller("[0-9]{10}", {"2001234567": "MBARGA A", "2007654321": "NKOLO J"}),
    "EAU": Biller("[0-9]{8}", {"55501234": "NKOLO J", "55504321": "ESSOMBA M"}),
    "TV": Biller("[0-9]{11}", {"30012345678": "ATEBA P", "30087654321": "BIYA R"}, {"30012345678": 5_000}),
}


class BillerFake(ConnectorFake):
    """Bills, whose party is `biller/reference`."""

    name = "biller"
    path = "/v1/payments"

    def __init__(self) -> None:
        self.billers = BILLERS

    def reset(self) -> None:
        """Serve the billers of the demonstration again."""
        self.billers = BILLERS

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return the calls of the format, with the lookup."""
        return [
            route(
                "/v1/billers/{biller}/accounts/{reference}",
                lambda call: self._answer(kernel, call, self._look_up),
                "GET",
            ),
            *super().routes(kernel),
        ]

    def party_of(self, document: Mapping[str, Any]) -> str:
        """Return biller and reference of a bill that may be paid with this amount."""
        code, reference = str(document.get("biller", "")), str(document.get("reference", ""))
        self._customer(code, reference)
        due = self.billers[code].due.get(reference)
        if due is not None and document.get("amount") != str(due):
            raise Refused("amount_not_due")
        return f"{code}/{reference}"

    def shown_party(self, payment: Payment) -> dict[str, str]:
        """Return the biller and the customer that was paid for."""
        biller, _, reference = payment.party.partition("/")
        return {"biller": biller, "reference": reference}

    def sandbox(self, party: str) -> dict[str, Story]:
        """Return the story of a reference of the sandbox."""
        story = story_by_ending(party.partition("/")[2], SANDBOX)
        return {} if story is None else {party: story}

    def _look_up(self, kernel: Kernel, call: Call) -> dict[str, Any]:
        code, reference = call.params["biller"], call.params["reference"]
        story = story_by_ending(reference, SANDBOX)
        if story is not None:
            _misbehave(kernel, story)
        name = self._customer(code, reference)
        biller = self.billers[code]
        due = biller.due.get(reference)
        owed = {"kind": "free"} if due is None else {"kind": "fixed", "due": str(due), "currency": biller.currency}
        return {"reference": reference, "name": name, **owed}

    def _customer(self, code: str, reference: str) -> str:
        biller = self.billers.get(code)
        if biller is None:
            raise Refused("unknown_biller")
        if re.fullmatch(biller.pattern, reference) is None:
            raise Refused("invalid_reference")
        name = biller.customers.get(reference) or ("CLIENT D'ESSAI" if reference.startswith(SANDBOX) else "")
        if not name:
            raise Refused("unknown_reference")
        return name


def _misbehave(kernel: Kernel, story: Story) -> None:
    """Play on a lookup what a story does to an answer; a lookup moves nothing, so nothing else of it matters."""
    if story.hangs:
        raise Hung
    if story.loses_request or story.loses_answer:
        raise Dropped
    if story.answers_500 or story.answers_html:
        raise Answers(200 if story.answers_html else 500, is_html=story.answers_html)
    if story.is_forbidden:
        raise Answers(403)
    kernel.wait(story.answers_after_s)


FAKES = (BillerFake,)
