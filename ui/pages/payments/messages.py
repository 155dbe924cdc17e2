"""`/paiements/messages`: where messages stand, what they cost day by day, which network fails."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from core.clock import now
from core.money import Currency, Money
from core.permissions import Permission
from services.messages import figures as counted
from services.messages.figures import DayRow, NetworkRow
from ui import shell
from ui.components import buttons, cards, charts, chips, empty, layout
from ui.labels import count, money, t, zone
from ui.markup import Markup, join, show, tag
from ui.pages.administration import words as outbox
from ui.pages.payments import message_words

DAYS = 30
ROLE_OF = {"sms": "accent", "ussd": "strong", "whatsapp": "ochre", "email": "blue", "push": "neutral"}


@shell.screen(message_words.MESSAGES, title="Messages", needs=Permission.OUTBOX_READ)
async def messages() -> None:
    """Draw the outbox by state, then days and networks."""
    with layout.page_head(
        t("Messages"), t("Ce qui est parti vers les personnes, ce que cela coûte, ce qui n'arrive pas.")
    ):
        buttons.secondary(t("Oppositions"), icon="block", href=message_words.SUPPRESSIONS)
        buttons.secondary(t("Modèles"), icon="edit", href=message_words.TEMPLATES)
    states = await shell.read(counted.count_states)
    days = await shell.read(counted.list_days, days=DAYS, zone=zone())
    networks = await shell.read(counted.list_networks)
    if states is None or days is None or networks is None:
        return
    with cards.titled(t("Boîte d'envoi, 7 jours"), t("{number} messages").format(number=count(sum(states.values())))):
        show(_states(states), classes="message-states")
    with layout.grid():
        with layout.cell(8), cards.titled(t("Parties par jour"), t("30 jours")):
            _draw_days(days)
        with layout.cell(4), cards.titled(t("Coût"), t("30 jours"), is_flush=True, is_ruled=True):
            show(_costs(days), classes="entries")
    with cards.titled(t("Par réseau"), t("24 heures"), is_flush=True, is_ruled=True):
        show(_networks(networks), classes="entries")


def _states(states: Mapping[str, int]) -> Markup:
    if not states:
        return empty.sentence(t("Aucun message cette semaine."), "outbox")
    lines = (
        tag(
            "a",
            chips.chip(sign),
            tag("strong", count(states[state]), class_="figure-number"),
            href=f"{message_words.OUTBOX}?etat={state}",
            class_="message-state",
        )
        for state, sign in outbox.MESSAGE_STATES.items()
        if state in states
    )
    return join(*lines)


def _draw_days(rows: Sequence[DayRow]) -> None:
    if not rows:
        show(empty.sentence(t("Aucun message n'est encore parti."), "monitoring"))
        return
    today = now().astimezone(ZoneInfo(zone())).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]  # a day without any is a gap to see
    parts: dict[str, dict[object, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        parts[row.channel][row.day] += row.segments or row.messages
    bars = [
        {
            "type": "bar",
            "x": [f"{day:%d/%m}" for day in days],
            "y": [by_day[day] for day in days],
            "name": outbox.channel(channel),
            "marker": {"color": ROLE_OF.get(channel, "neutral")},
        }
        for channel, by_day in parts.items()
    ]
    layout_of = {"barmode": "stack", "xaxis": {"type": "category", "nticks": 8}}
    charts.chart({"data": bars, "layout": layout_of}, label=t("Parties envoyées par jour et par canal"))
    show(join(*(_key(channel, sum(by_day.values())) for channel, by_day in parts.items())), classes="abreast")


def _key(channel: str, total: int) -> Markup:
    mark = tag("span", class_=f"key-dot key-{ROLE_OF.get(channel, 'neutral')}", aria_hidden="true")
    return tag("span", mark, f"{outbox.channel(channel)} · {count(total)}", class_="caption key")


def _costs(rows: Sequence[DayRow]) -> Markup:
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        line = sums[row.channel, row.currency]
        line[0] += row.messages
        line[1] += row.segments
        line[2] += row.cost_minor
    if not sums:
        return empty.sentence(t("Rien n'a encore coûté."), "payments")
    head = tag("tr", tag("th", t("Canal"), scope="col"), *_numbers(t("Messages"), t("Parties"), t("Coût")))
    body = (
        tag(
            "tr",
            tag("td", outbox.channel(channel)),
            tag("td", count(line[0]), class_="number"),
            tag("td", count(line[1]) if line[1] else "–", class_="number"),
            tag("td", money(Money(line[2], Currency(currency))) if currency else "–", class_="number"),
        )
        for (channel, currency), line in sorted(sums.items())
    )
    return tag("table", tag("thead", head), tag("tbody", *body), class_="plain-table")


def _networks(rows: Sequence[NetworkRow]) -> Markup:
    if not rows:
        return empty.sentence(t("Aucun réseau n'a porté de message depuis hier."), "network_check")
    head = tag(
        "tr",
        tag("th", t("Réseau"), scope="col"),
        tag("th", t("Canal"), scope="col", class_="wide-only"),
        tag("th", t("Partis"), scope="col", class_="number wide-only"),
        *_numbers(t("Remis"), t("Échoués")),
        tag("th", t("Inconnus"), scope="col", class_="number wide-only"),
        tag("th", t("Erreur la plus fréquente"), scope="col", class_="wide-only"),
    )
    return tag("table", tag("thead", head), tag("tbody", *map(_network, rows)), class_="plain-table")


def _network(row: NetworkRow) -> Markup:
    return tag(
        "tr",
        tag("td", row.account_label or row.account_code),
        tag("td", outbox.channel(row.channel), class_="wide-only"),
        tag("td", count(row.sent), class_="number wide-only"),
        tag("td", count(row.delivered), class_="number"),
        tag("td", count(row.failed), class_="number figure-red" if row.failed else "number"),
        tag("td", count(row.unknown), class_="number wide-only"),
        tag("td", tag("code", row.top_error, class_="code-inline") if row.top_error else "", class_="wide-only"),
    )


def _numbers(*labels: str) -> tuple[Markup, ...]:
    return tuple(tag("th", label, scope="col", class_="number") for label in labels)
