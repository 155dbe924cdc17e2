"""A register in memory, for dialogues: it issues, recognises and forgets as the real one does, by the same rules."""

from dataclasses import dataclass, field
from datetime import datetime

from channels.ciu.conversation import Rules, State, Turn, Wish
from channels.ciu.turns import settle_issue
from services.ciu.codes import Issue, candidates
from services.ciu.matching import match_digest

KEY = bytes(range(32))
PROGRAMME = "ciu"


@dataclass(slots=True)
class Record:
    """One issued code and who holds it."""

    code: str
    holders: set[str]


@dataclass(slots=True)
class Register:
    """What was issued under one salt."""

    salt: str
    records: dict[bytes, Record] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)

    def fulfil(self, rules: Rules, state: State, turn: Turn, identity: str, now: datetime) -> Turn:
        """Do what a turn wishes and return it settled; `state` is the one before it."""
        if turn.wish is Wish.FORGET:
            self._forget(identity)
        if turn.wish is not Wish.ISSUE or turn.state.run is None:
            return turn
        recipe = rules.begun if state.run and rules.begun else rules.published
        canonical = [answer.canonical for answer in turn.state.run.answers if answer]
        digest = match_digest(KEY, recipe.space(PROGRAMME), canonical)
        record = self.records.get(digest)
        if record is None:
            code = next(code for code in candidates(recipe, canonical, self.salt) if code not in self.given)
            record = self.records[digest] = Record(code, set())
            self.given.add(code)
            issue = Issue(code, is_new=True, is_linked=False)
        else:
            issue = Issue(record.code, is_new=False, is_linked=identity in record.holders)
        record.holders.add(identity)
        return settle_issue(turn, issue, now)

    def _forget(self, identity: str) -> None:
        """Drop the links of an identity, and the records nobody holds any more; their codes stay taken."""
        for digest, record in list(self.records.items()):
            record.holders.discard(identity)
            if not record.holders:
                del self.records[digest]
