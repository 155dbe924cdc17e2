"""Two programmes of identifiers: six weeks of conversations, their codes, some under way, pairs for a person to decide.

Everybody here is drawn from the simulator's own lists, and writes from a prefix that no network of the country has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import select

from channels.ciu import dialogues
from channels.ciu.conversation import Message, Rules
from channels.ciu.turns import take_turn
from commands.demo import load, rhythm
from commands.demo.chance import Chance
from core import clock, ids
from core.database import Database, Session, fetch_one
from core.settings import get_settings
from core.states import transition
from models.ciu import RECIPE_STEPS, CiuProgramme, CiuRecipe, RecipeState
from models.whatsapp import WhatsappChannel
from services.ciu.answers import Answer, read_answer
from services.ciu.identities import Identity
from services.ciu.recipes import Recipe, shipped
from services.ciu.simulator import shipped_lists
from services.ciu.store import issuing, people, programmes
from services.ciu.store.keys import get_ciu_keys
from services.ciu.store.programmes import Programme

DAYS = 42
VISITS = 720  # in the three months of the demo's rhythm; those of the last six weeks are written
TIME_LIMIT_MS = 120_000
PREFIX = "+243700"  # of no network there
OTHER_NUMBER = "+14155238887"

NAME, CONTACT = "Santé pour tous", "le centre de santé de votre quartier"
OTHER_NAME, OTHER_CONTACT = "Dépistage anonyme", "le centre de dépistage"

_LANGUAGES = ("fr",) * 62 + ("ln",) * 27 + ("en",) * 11
_OUTCOMES = ("issued",) * 76 + ("expired",) * 16 + ("stopped",) * 5 + ("restarted",) * 2 + ("forgotten",)
_COMES_BACK, _FROM_ANOTHER_PHONE, _SLIPS, _OTHER_PROGRAMME = 0.1, 0.25, 0.07, 0.25
_FAULTS = {
    "birth_year": ("year_format", "year_format", "year_range"),
    "birth_day": ("day_format", "day_format", "day_range"),
}
_NAME_FAULTS = ("too_short", "letters_only", "sentence", "implausible")
# Two visits that may be one person's: another spelling, another day, another town, another year; and twins.
_PAIRS = (
    (("1988", "Kinshasa", "Béatrice", "12", "Mukendi"), ("1988", "Kinshasa", "Béatrice", "12", "Mukendy"), False),
    (("1974", "Kananga", "Alphonse", "7", "Tshibangu"), ("1974", "Kananga", "Alphonse", "7", "Cibangu"), True),
    (("1979", "Goma", "Fidèle", "3", "Mwamba"), ("1979", "Goma", "Fidèle", "23", "Muamba"), False),
    (("1992", "Matadi", "Rachel", "27", "Kalala"), ("1992", "Mbanza-Ngungu", "Rachel", "27", "Kalala"), True),
    (("1966", "Bukavu", "Espérance", "30", "Ngoie"), ("1967", "Bukavu", "Espérance", "30", "Ngoy"), False),
    (("2004", "Kisangani", "Nsimba", "9", "Kasongo"), ("2004", "Kisangani", "Nzuzi", "9", "Kasongo"), True),
    (("je ne sais pas", "Mbandaka", "Julienne", "22", "Ilunga"),) * 2 + (False,),
)
# Conversations under way: how long ago each began, and what was written since.
_UNDER_WAY = (
    (1, ("Bonjour",)),
    (3, ("Mbote", "1994", "Boma")),
    (5, ("Bonsoir", "1981", "Likasi", "Odette", "31")),
    (8, ("hello", "19 85", "1985", "Uvira")),
    (11, ("Salut", "2001", "Kolwezi", "Trésor", "14", "Banza")),
)

_EVENTS = (
    "id", "created_at", "programme_id", "conversation_id", "recipe_id", "name", "question", "error", "language",
    "is_test",
)  # fmt: skip
_CONSENTS = (
    "id", "created_at", "programme_id", "identity_id", "recipe_id", "language", "channel", "is_explicit",
)  # fmt: skip


def write(database: Database, seed_number: int) -> int:
    """Write the programmes and their history unless codes are there already; return how many conversations."""
    if not get_settings().has_ciu:
        return 0
    with database.transaction(statement_timeout_ms=TIME_LIMIT_MS) as session:
        if fetch_one(session, "select 1 from ciu_record limit 1") is not None:
            return 0
        _name_default(session)
        both = (programmes.get_default(session), _open_other(session))
        return _Clinic(session, both, Chance(seed_number), clock.now()).fill()


def _name_default(session: Session) -> None:
    row = session.exec(select(CiuProgramme).where(CiuProgramme.code == programmes.DEFAULT)).one()
    if row.name == programmes.DEFAULT_NAME:
        row.name, row.contact = NAME, CONTACT
        session.flush()


def _open_other(session: Session) -> Programme:
    """Open a programme whose codes show nothing, at a number of its own."""
    row = CiuProgramme(code="depistage", name=OTHER_NAME, contact=OTHER_CONTACT, timezone="Africa/Lubumbashi")
    session.add(row)
    session.flush()
    recipe = shipped("random")
    published = CiuRecipe(
        programme_id=row.id,
        key=recipe.key,
        version=recipe.version,
        canon=recipe.canon,
        body=recipe.model_dump(mode="json"),
        checksum=programmes.checksum_of(recipe),
        published_at=clock.now(),
    )
    transition(published, RECIPE_STEPS, RecipeState.PUBLISHED)
    session.add(published)
    session.flush()
    programmes.open_sender(session, WhatsappChannel.TWILIO, OTHER_NUMBER, row.id)
    sender = programmes.find_sender(session, WhatsappChannel.TWILIO, OTHER_NUMBER)
    if sender is None:
        raise LookupError(OTHER_NUMBER)
    return sender.programme


@dataclass(frozen=True, slots=True)
class _Visit:
    """One conversation that ended: who, when, how; `last` is the place of the last question asked."""

    at: datetime
    programme: Programme
    phone: str
    language: str
    typed: tuple[str, ...]
    outcome: str = "issued"
    last: int = 0


@dataclass(slots=True)
class _Rows:
    events: list[tuple[Any, ...]] = field(default_factory=list)
    consents: list[tuple[Any, ...]] = field(default_factory=list)


class _Clinic:
    """Writes what people did, in the order they did it."""

    def __init__(self, session: Session, both: tuple[Programme, Programme], chance: Chance, now: datetime) -> None:
        self._session, self._both, self._chance, self._now = session, both, chance, now
        self._recipes = {one.id: programmes.load_recipe(session, one.recipe_id) for one in both}
        self._rows = _Rows()
        self._phones: set[str] = set()

    def fill(self) -> int:
        """Write everything; return how many conversations."""
        visits = sorted([*self._draw_visits(), *self._draw_pairs()], key=lambda visit: visit.at)
        for visit in visits:
            self._write(visit)
        for minutes, said in _UNDER_WAY:
            self._talk(minutes, said)
        load.copy(self._session, "ciu_event", _EVENTS, self._rows.events)
        load.copy(self._session, "ciu_consent", _CONSENTS, self._rows.consents)
        return len(visits) + len(_UNDER_WAY)

    # Who comes

    def _draw_visits(self) -> Iterator[_Visit]:
        chance, first = self._chance, self._now - timedelta(days=DAYS)
        latest = self._now - timedelta(minutes=40)  # what began later would still be under way
        before: list[_Visit] = []
        for at in rhythm.draw_moments(chance, self._now, VISITS):
            if not first <= at <= latest:
                continue
            if before and chance.is_true(_COMES_BACK):
                known = chance.choice(before)
                phone = self._phone() if chance.is_true(_FROM_ANOTHER_PHONE) else known.phone
                yield _Visit(at, known.programme, phone, known.language, known.typed)
                continue
            outcome = chance.choice(_OUTCOMES)
            visit = _Visit(
                at=at,
                programme=self._both[chance.is_true(_OTHER_PROGRAMME)],
                phone=self._phone(),
                language=chance.choice(_LANGUAGES),
                typed=self._answers(),
                outcome=outcome,
                last=min(chance.randrange(5), chance.randrange(5)),  # most leave early
            )
            if outcome == "issued":
                before.append(visit)
            yield visit

    def _draw_pairs(self) -> Iterator[_Visit]:
        for left, right, is_same_phone in _PAIRS:
            day = self._chance.randrange(4, DAYS - 2)
            at = self._now - timedelta(days=day, hours=self._chance.randrange(2, 9))
            phone = self._phone()
            again = at + timedelta(days=self._chance.randrange(1, day), minutes=17)
            yield _Visit(at, self._both[0], phone, "fr", left)
            yield _Visit(again, self._both[0], phone if is_same_phone else self._phone(), "fr", right)

    def _phone(self) -> str:
        while (number := PREFIX + self._chance.digits(6)) in self._phones:
            pass
        self._phones.add(number)
        return number

    def _answers(self) -> tuple[str, ...]:
        lists = shipped_lists()
        return tuple(
            self._chance.choices([*lists[name]], [*lists[name].values()])[0]
            for name in ("birth_year", "mother_birthplace", "first_name", "birth_day", "family_name")
        )

    # What they leave

    def _write(self, visit: _Visit) -> None:
        recipe, conversation_id = self._recipes[visit.programme.id], uuid4()
        asked = len(recipe.questions) if visit.outcome == "issued" else visit.last
        at = visit.at
        self._note(visit, conversation_id, at, "started")
        for place, question in enumerate(recipe.questions):
            self._note(visit, conversation_id, at, "asked", question.id)
            at += timedelta(seconds=self._chance.uniform(6, 55))
            while self._chance.is_true(_SLIPS):
                fault = self._chance.choice(_FAULTS.get(question.id, _NAME_FAULTS))
                self._note(visit, conversation_id, at, "refused", question.id, fault)
                at += timedelta(seconds=self._chance.uniform(10, 60))
            if place == asked:
                break
            self._note(visit, conversation_id, at, "answered", question.id)
        if visit.outcome == "issued":
            self._note(visit, conversation_id, at, "confirmed")
            with clock.travel(at):
                self._note(visit, conversation_id, at, self._issue(visit, recipe))
        else:
            waited = timedelta(minutes=15) if visit.outcome == "expired" else timedelta(seconds=4)
            self._note(visit, conversation_id, at + waited, visit.outcome)

    def _issue(self, visit: _Visit, recipe: Recipe) -> str:
        """Give the code that the answers ask for; return under which name it is counted."""
        keys, programme = get_ciu_keys(), visit.programme
        person = people.take_person(self._session, keys, Identity("phone", visit.phone, visit.phone))
        wanted = issuing.Wanted(
            programme=programme,
            person=person,
            recipe=recipe,
            recipe_id=programme.recipe_id,
            language=visit.language,
            answers=_read(recipe, visit.typed, clock.now().year),
        )
        issued = issuing.issue(self._session, keys, wanted)
        self._rows.consents.append(
            (ids.new_id(), visit.at, programme.id, person.id, programme.recipe_id, visit.language, "twilio", False)
        )
        if issued is None:
            return "throttled"
        return "issued_new" if issued.issue.is_new else "issued_existing"

    def _note(  # one row, by column
        self, visit: _Visit, conversation_id: UUID, at: datetime, name: str, question: str = "", error: str = ""
    ) -> None:
        programme = visit.programme
        whose = (programme.id, conversation_id, programme.recipe_id)
        self._rows.events.append((ids.id_at(at), at, *whose, name, question, error, visit.language, False))

    # Who is still writing

    def _talk(self, minutes: int, said: Sequence[str]) -> None:
        """Let somebody write up to now, by the turns that the doors take."""
        keys, programme, phone = get_ciu_keys(), self._both[0], self._phone()
        for place, text in enumerate(said):
            at = self._now - timedelta(minutes=minutes) + timedelta(seconds=25 * place)
            with clock.travel(at):
                person = people.take_person(self._session, keys, Identity("phone", phone, phone))
                dialogue = dialogues.load(self._session, programme, person)
                rules = Rules(self._recipes[programme.id], programme.timeout, dialogue.begun)
                turn = take_turn(rules, dialogue.state, Message(text=text), clock.now())
                dialogues.save(self._session, dialogue, turn, WhatsappChannel.TWILIO)


def _read(recipe: Recipe, typed: Sequence[str], year: int) -> tuple[Answer, ...]:
    return tuple(
        Answer(text, read_answer(question, text, year)) for question, text in zip(recipe.questions, typed, strict=True)
    )
