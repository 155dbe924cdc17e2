"""What needs a person, as every service tells it."""

from dataclasses import dataclass
from datetime import datetime

from core.money import Money


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that needs a person. `kind` leads to its page, `subject` to the very thing where it has one.

    `since` is when it began, where that is known; `progress` the share of it that is done, where it runs by itself.
    """

    kind: str
    icon: str
    tone: str
    title: str
    detail: str
    count: int
    since: datetime | None = None
    amounts: tuple[Money, ...] = ()
    subject: str = ""
    progress: float | None = None
