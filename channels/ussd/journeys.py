"""Journeys through a menu in figures: the funnel of a goal, the screens as a tree, money, versions side by side."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.flow import Flow, flow_of
from channels.ways import MoneyWay, common_way, ends_of, money_ways, outline, walked
from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor, Permission
from core.rates import Rate
from reports import ussd_figures, ussd_money
from reports.figures import Span
from reports.histograms import wilson
from reports.ussd_figures import Cut, Overview, Screen, Slice
from reports.ussd_money import Moved


@dataclass(frozen=True, slots=True)
class Stage:
    """A screen of a goal's way: sessions that saw it in the way's order, and those that dropped there."""

    screen: str
    seen: int
    dropped: int

    @property
    def drop_off(self) -> Rate:
        """Sessions dropped here out of those that saw it."""
        return Rate(self.dropped, self.seen)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A screen where it hangs in the tree; those the document does not name (a resume, an old version) come last."""

    depth: int
    figures: Screen


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """Money of one type: asked, confirmed, PIN right, then what became of it; refusals by the screen that said so."""

    type: str
    asked: int
    confirmed: int
    proved: int
    refused: dict[str, int]
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """Everything the page of journeys shows of one service."""

    goals: tuple[str, ...]
    goal: str
    overview: Overview
    funnel: tuple[Stage, ...]
    tree: tuple[Leaf, ...]
    money: tuple[MoneyRow, ...]


@dataclass(frozen=True, slots=True)
class Arm:
    """One version beside another: its completion with the interval it lies in 95 times of 100, its funnel."""

    version: str
    name: str
    completion: Rate
    interval: tuple[float, float] | None
    funnel: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be looked at: each a key and its name, and as of when there are figures."""

    services: dict[str, str]
    versions: dict[str, str]
    gateways: dict[str, str]
    networks: tuple[str, ...]
    languages: tuple[str, ...]
    as_of: datetime | None


def get_choices(session: Session, actor: Actor, span: Span, service: str) -> Choices:
    """Return what has figures in the period; versions are those of the service."""
    actor.require(Permission.USSD_READ)
    services = fetch_all(session, "select key, name from ussd_service order by created_at, key")
    gateways = fetch_all(session, "select key, name from ussd_gateway order by created_at, key")

    def keys(by: str) -> list[Slice]:
        return ussd_figures.list_slices(session, span, Cut(service=service), by)

    return Choices(
        services={row["key"]: row["name"] for row in services},
        versions={each.key: each.name for each in keys("version")},
        gateways={row["key"]: row["name"] for row in gateways},
        networks=tuple(sorted({name for each in keys("network") if (name := each.key.removesuffix("~"))})),
        languages=tuple(each.key for each in keys("language")),
        as_of=ussd_figures.get_as_of(session),
    )


def get_journey(session: Session, actor: Actor, span: Span, cut: Cut, goal: str = "") -> Journey:
    """Return the figures of one service (`cut.service`), on the newest of its versions that was chosen."""
    actor.require(Permission.USSD_READ)
    flow = _flow(session, cut)
    goals = flow.goals if flow else ()
    overview = ussd_figures.get_overview(session, span, cut)
    reached = [reason.code for reason in overview.reasons if reason.kind == "completed" and reason.code in goals]
    chosen = goal if goal in goals else next(iter((*reached, *goals)), "")
    screens = {each.screen: each for each in ussd_figures.list_screens(session, span, cut)}
    return Journey(
        goals=tuple(goals),
        goal=chosen,
        overview=overview,
        funnel=_funnel(session, span, cut, flow, chosen, screens) if flow else (),
        tree=_tree(flow, screens),
        money=_money(session, span, cut, flow, screens) if flow else (),
    )


def list_slices(session: Session, actor: Actor, span: Span, cut: Cut, by: str) -> list[Slice]:
    """Return what was chosen, cut one way (`reports.ussd_figures.BY`)."""
    actor.require(Permission.USSD_READ)
    return ussd_figures.list_slices(session, span, cut, by)


def compare_versions(session: Session, actor: Actor, span: Span, cut: Cut, versions: list[str], goal: str) -> list[Arm]:
    """Return versions side by side, each on its own document's way to the goal."""
    actor.require(Permission.USSD_READ)
    names = {each.key: each for each in ussd_figures.list_slices(session, span, replace(cut, version=""), "version")}
    arms = []
    for version in versions:
        if version not in names:
            continue
        own = replace(cut, version=version)
        flow = _flow(session, own)
        screens = {each.screen: each for each in ussd_figures.list_screens(session, span, own)}
        completion = names[version].standing.completion
        funnel = _funnel(session, span, own, flow, goal, screens) if flow else ()
        arms.append(Arm(version, names[version].name, completion, wilson(completion), funnel))
    return arms


def _flow(session: Session, cut: Cut) -> Flow | None:
    """Return the document of the chosen version, else of the one that is live."""
    row = fetch_one(
        session,
        "select f.id, f.body from flow_version f where f.id = coalesce(nullif(%s, '')::uuid,"
        " (select live_version_id from ussd_service where key = %s))",
        (cut.version, cut.service),
    )
    if row is None or not row["body"]:
        return None
    body: dict[str, Any] = row["body"]
    return flow_of(UUID(str(row["id"])), lambda: body)


def _funnel(
    session: Session, span: Span, cut: Cut, flow: Flow, goal: str, screens: dict[str, Screen]
) -> tuple[Stage, ...]:
    way = common_way(flow, goal)
    last = set(ends_of(flow, goal))
    seen = dict.fromkeys(way, 0)
    reached = 0
    for path, number in ussd_figures.list_paths(session, span, cut):
        for screen in walked(path, way):
            seen[screen] += number
        reached += number if last & set(path) else 0
    stages = [Stage(name, seen[name], screens[name].dropped if name in screens else 0) for name in way]
    return tuple(stages) if last & set(way) or not way else (*stages, Stage("", reached, 0))


def _tree(flow: Flow | None, screens: dict[str, Screen]) -> tuple[Leaf, ...]:
    branches = outline(flow, screens) if flow else []
    known = {branch.screen for branch in branches}
    hanging = [Leaf(branch.depth, screens[branch.screen]) for branch in branches if branch.screen in screens]
    return (*hanging, *(Leaf(0, each) for name, each in screens.items() if name not in known))


def _money(session: Session, span: Span, cut: Cut, flow: Flow, screens: dict[str, Screen]) -> tuple[MoneyRow, ...]:
    steps = ussd_figures.list_steps(session, span, cut)
    moved = ussd_money.list_moved(session, span, cut)

    def row(way: MoneyWay) -> MoneyRow:
        proofs = [step for step in steps if step.screen == way.pin and not step.refusal]
        right = [step for step in proofs if step.next_screen not in way.wrong]
        refused: dict[str, int] = {}
        for step in right:
            screen = flow.screens.get(step.next_screen)
            if screen is not None and screen.kind == "end" and not getattr(screen, "goal", None):
                refused[step.next_screen] = refused.get(step.next_screen, 0) + step.number
        return MoneyRow(
            type=way.type,
            asked=screens[way.confirm].seen if way.confirm in screens else 0,
            confirmed=sum(s.number for s in steps if (s.screen, s.next_screen) == (way.confirm, way.pin)),
            proved=sum(step.number for step in right),
            refused=refused,
            moved=tuple(each for each in moved if each.type == way.type),
        )

    return tuple(row(way) for way in money_ways(flow))
