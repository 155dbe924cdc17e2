"""What the phone simulator shows beside an answer: where the dialogue stands, its septets in every language.

Callers have play money: it works in development and test alone.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.flow import VISIBLE, Flow, Input, parse_flow
from channels.screens import Paper
from channels.ussd.profiles.decoding import Place
from channels.values import Caller, Values
from core import gsm7
from core.database import Session, fetch_all, fetch_one
from core.errors import Refusal
from core.gsm7 import Limits, Navigation
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.settings import get_settings

LIMITS = Limits()


class OnlyPlayMoney(Refusal):
    """Outside development and test every subscriber is a real one."""

    code = "simulation_fermee"
    status = 403
    sentence = "Le téléphone ne simule que des abonnés d'essai : il est fermé sur cette installation."


@dataclass(frozen=True, slots=True)
class PlayCaller:
    """Somebody whose phone may be simulated."""

    phone: str
    name: str
    state: str
    balance: Money


@dataclass(frozen=True, slots=True)
class ScreenSize:
    """What the present screen weighs in one language."""

    language: str
    coding: str
    size: int
    most: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a simulated dialogue stands after its last turn; `typed` is its redacted input."""

    session_id: UUID
    state: str
    screen: str
    asks_secret: bool
    language: str
    turn: int
    typed: str
    coding: str
    size: int
    elapsed_us: int
    replays: int
    operation_id: UUID | None
    sizes: tuple[ScreenSize, ...]


def require_play_money(_session: Session, actor: Actor) -> bool:
    """Refuse who may not simulate, and everybody where subscribers are real; True otherwise."""
    actor.require(Permission.USSD_SIMULATE)
    if not get_settings().is_forgiving:
        raise OnlyPlayMoney
    return True


def place() -> Place:
    """Return by what the requests of a simulated phone are read."""
    return Place(get_settings().ussd_country, ())


def list_callers(session: Session, actor: Actor, *, limit: int = 40) -> list[PlayCaller]:
    """Return people whose phone may be held, the documents' own numbers first."""
    require_play_money(session, actor)
    rows = fetch_all(
        session,
        """
        select u.phone, trim(u.first_name || ' ' || u.last_name) as name, w.state, a.balance, a.currency
        from wallet w join users u on u.id = w.user_id join ledger_account a on a.id = w.account_id
        where u.country = %s
        order by u.phone !~ '00000.$', right(u.phone, 6), u.phone limit %s
        """,
        (get_settings().ussd_country, limit),
    )
    return [
        PlayCaller(row["phone"], row["name"], row["state"], Money(row["balance"], Currency(row["currency"])))
        for row in rows
    ]


_STANDING = """
select s.*, t.number, t.input_text, t.coding, t.size, t.response_time_us, t.replays, t.operation_id,
       v.currency, v.timezone, v.name as service_name, v.settings, f.body, u.first_name, u.last_name, w.level
from ussd_session s join ussd_gateway g on g.id = s.gateway_id join ussd_service v on v.id = s.service_id
join flow_version f on f.id = s.version_id
left join users u on u.id = s.user_id left join wallet w on w.user_id = u.id and w.currency = v.currency
join lateral (
    select * from ussd_turn where session_id = s.id and progress = 'done' order by number desc limit 1
) t on true
where g.key = %s and s.session_key = %s order by s.generation desc limit 1
"""


def get_standing(session: Session, actor: Actor, gateway: str, session_key: str) -> Standing | None:
    """Return where the dialogue of this key stands; None when no turn of it was answered."""
    require_play_money(session, actor)
    row = fetch_one(session, _STANDING, (gateway, session_key))
    if row is None:
        return None
    flow = parse_flow(row["body"])
    screen = flow.screens.get(row["screen"])
    return Standing(
        session_id=row["id"],
        state=row["state"],
        screen=row["screen"],
        asks_secret=row["state"] == "open" and isinstance(screen, Input) and screen.is_secret,
        language=row["language"],
        turn=row["number"],
        typed=row["input_text"],
        coding=row["coding"],
        size=row["size"],
        elapsed_us=row["response_time_us"],
        replays=row["replays"],
        operation_id=row["operation_id"],
        sizes=_sizes(flow, row) if isinstance(screen, VISIBLE) else (),
    )


def _sizes(flow: Flow, row: dict[str, Any]) -> tuple[ScreenSize, ...]:
    """Lay the present screen out in every language of the flow, as the engine does."""
    screen, settings = flow.screens[row["screen"]], row["settings"]
    level = row["level"] if row["level"] in {"agent", "merchant"} else "client"
    caller = Caller(row["phone"], row["user_id"], status="active" if row["level"] else "unknown", role=level)
    givens = {"brand": settings.get("brand", row["service_name"]), **settings}
    is_folded = settings.get("fold", flow.settings.fold)
    values = Values(flow, row["data"], caller, givens, Currency(row["currency"]), row["timezone"], is_folded=is_folded)
    nav = Navigation(**settings["nav"]) if "nav" in settings else flow.navigation
    sizes = []
    for language in flow.languages:
        paper = Paper(flow, values, LIMITS, nav, language)
        pages = paper.lay_out(screen, row["scratch"].get("rows", ()))
        text = pages.pages[min(row["page"], len(pages.pages)) - 1].text
        measured = gsm7.measure(text)
        sizes.append(ScreenSize(language, measured.coding, measured.size, LIMITS.of(measured.coding)))
    return tuple(sizes)
