"""What is not as it was in the same hour of the last seven days, said in a line each above the live figures."""

from collections.abc import Sequence

from reports.ussd_alerts import Alert
from ui.labels import decimal, percent, t
from ui.markup import Markup, icon, join, tag
from ui.pages.ussd import words

US_PER_MS = 1_000
MOST_ALERTS = 6


def alerts(found: Sequence[Alert]) -> Markup:
    """Return a band of alerts; nothing where all is as usual."""
    return tag("ul", *map(_alert, found[:MOST_ALERTS]), class_="alerts", role="status") if found else Markup()


def _alert(alert: Alert) -> Markup:
    where = " · ".join(filter(None, (alert.service, alert.gateway, words.screen(alert.screen) if alert.screen else "")))
    return tag(
        "li",
        icon("warning"),
        tag("span", join(tag("b", words.alert(alert.kind)), " ", tag("span", where, class_="caption"))),
        tag("span", _figures(alert), class_="alert-figures"),
        class_="alert",
    )


def _figures(alert: Alert) -> str:
    if alert.kind == "silent":
        return ""
    now = _figure(alert.kind, alert.now)
    if alert.usual is None:
        return now
    return t("{now}, d'habitude {usual}").format(now=now, usual=_figure(alert.kind, alert.usual))


def _figure(kind: str, value: float) -> str:
    return f"{decimal(value / US_PER_MS, 0)}\N{NO-BREAK SPACE}ms" if kind == "slow" else percent(value)
