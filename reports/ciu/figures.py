"""The figures of the identifiers over a period (`docs/ciu.md`): codes, and conversations by the day they began.

Codes are those of the view `uic_records`; conversations are counted by `ciu_count`, from the days that are kept and,
for those that are not yet, from their events. Rehearsals are in none of it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from core import clock
from core.database import Session
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.rates import Rate
from reports.ciu import counts, observers
from reports.ciu.counts import Counted
from reports.ciu.shapes import (
    Abandoned,
    Completed,
    DayCount,
    Figures,
    FunnelStep,
    Outcomes,
    SecondsToCode,
)

LONGEST_PERIOD = timedelta(days=3_660)
USUAL_DAYS = 30


class FiguresOrder(Order):
    """Of which programme (None: of all), and of which days, both included."""

    programme: str | None = Field(default=None, max_length=64)
    since: date
    until: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not timedelta(0) <= self.until - self.since <= LONGEST_PERIOD:
            raise ValueError(t("la période finit après son début, dix ans plus tard au plus"))
        return self


def get_figures(session: Session, actor: Actor, order: FiguresOrder) -> Figures:
    """Return every figure; who may only look sees no count from which one person could be told."""
    actor.require(Permission.CIU_READ)
    programmes = counts.list_programmes(session, order.programme)
    counted = counts.count_conversations(session, programmes, order.since, order.until)
    total, unique_users = counts.count_codes(session, programmes, is_all=order.programme is None)
    days = counts.count_days(session, programmes, order.since, order.until)
    questions = counts.list_questions(session, programmes)
    endings = _Endings(counted)
    found = Figures(
        as_of=clock.now(),
        programme=order.programme,
        since=order.since,
        until=order.until,
        total=total,
        per_day=tuple(DayCount(day, number) for day, number in days),
        unique_users=unique_users,
        active_sessions=counts.count_open(session, programmes),
        started=endings.started,
        completed=endings.completed,
        outcomes=endings.outcomes,
        duplicates_avoided=endings.completed.existing,
        abandoned=endings.abandoned,
        funnel=tuple(_steps(counted, questions)),
        confirmed=counted.of("confirmed"),
        by_language=_by_language(counted),
        by_hour=tuple(counted.hours),
        seconds_to_code=_seconds(counted.by("slot", "to_code")),
        throttled=counted.of("throttled"),
        repeated=counted.of("repeated"),
    )
    return found if actor.may(Permission.CIU_ACT) else observers.hide_small(found)


def last_days(session: Session, actor: Actor, programme: str | None = None, days: int = USUAL_DAYS) -> FiguresOrder:
    """Return the period that ends today, in the programme's own time zone."""
    actor.require(Permission.CIU_READ)
    programmes = counts.list_programmes(session, programme)
    zone = programmes[0].zone if programmes else "UTC"
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    return FiguresOrder(programme=programme, since=today - timedelta(days=days - 1), until=today)


def definitions() -> Mapping[str, str]:
    """Return what each figure counts, by its name, in the reader's language."""
    return {
        "total": t("Codes vivants : ni oubliés, ni fusionnés, répétitions à part."),
        "per_day": t("Codes créés par jour, dans le fuseau du programme."),
        "unique_users": t("Numéros distincts auxquels un code vivant a été donné en premier."),
        "active_sessions": t("Conversations ouvertes et non expirées, en ce moment."),
        "started": t("Conversations commencées (accueil envoyé) dans la période."),
        "completed": t("Conversations finies par un code, nouveau ou déjà connu."),
        "duplicates_avoided": t("Conversations finies qui ont redonné un code déjà connu."),
        "abandoned": t("Expirées et arrêtées, sur toutes celles qui sont finies."),
        "funnel": t(
            "Par question : conversations où elle est posée, puis répondue ; refus par motif ; abandons dont elle est "
            "la dernière posée."
        ),
        "confirmed": t("Conversations dont les réponses ont été confirmées."),
        "by_language": t("Conversations finies par un code, par langue."),
        "by_hour": t("Conversations commencées, par heure du jour."),
        "seconds_to_code": t("Du premier message au code : médiane et neuvième décile."),
        "open": t("Commencées dans la période et pas encore finies."),
        "throttled": t("Codes refusés : trop de nouveaux codes pour un même numéro en un jour."),
        "repeated": t("Messages reçus deux fois du fournisseur, comptés une fois."),
    }


class _Endings:
    """How the conversations ended: what was started is what completed, ended otherwise or goes on."""

    def __init__(self, counted: Counted) -> None:
        self.started, new, existing = (counted.of(name) for name in ("started", "issued_new", "issued_existing"))
        others = {name: counted.of(name) for name in ("expired", "stopped", "restarted", "forgotten")}
        ended = new + existing + sum(others.values())
        abandoned = others["expired"] + others["stopped"]
        self.completed = Completed(new, existing)
        self.outcomes = Outcomes(**others, open=self.started - ended)
        self.abandoned = Abandoned(abandoned, Rate(abandoned, ended))


def _by_language(counted: Counted) -> dict[str, int]:
    languages = counted.by("language", "issued_new", "issued_existing")
    return dict(sorted(languages.items(), key=lambda pair: (-pair[1], pair[0])))


def _steps(counted: Counted, questions: Sequence[str]) -> list[FunnelStep]:
    """Return the questions in the order they are asked, then those of earlier recipes."""
    asked, answered = counted.by("question", "asked"), counted.by("question", "answered")
    abandoned = counted.by("question", "abandoned")
    former = sorted(asked.keys() - set(questions), key=lambda one: (-asked[one], one))
    steps = []
    for question in (*questions, *former):
        errors = counted.errors_of(question)
        steps.append(
            FunnelStep(
                question=question,
                asked=asked.get(question, 0),
                answered=answered.get(question, 0),
                refused=sum(errors.values()),
                refused_by=errors,
                abandoned=abandoned.get(question, 0),
            )
        )
    return steps


def _seconds(slots: Mapping[int, int]) -> SecondsToCode:
    return SecondsToCode(_quantile(slots, 0.5), _quantile(slots, 0.9))


def _quantile(slots: Mapping[int, int], share: float) -> float | None:
    """Return the value below which a share lies, between two neighbours in proportion (as `percentile_cont` does)."""
    total = sum(slots.values())
    if not total:
        return None
    place = share * (total - 1)
    low = int(place)
    first, second = _at(slots, low), _at(slots, min(low + 1, total - 1))
    return round(first + (second - first) * (place - low), 1)


def _at(slots: Mapping[int, int], place: int) -> int:
    for value in sorted(slots):
        place -= slots[value]
        if place < 0:
            return value
    raise IndexError(place)
