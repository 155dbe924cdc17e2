"""An agent's day as a thumb scrolls it: the float, what it earned, every operation. Shared by two pages."""

from services.merchant_days import DayLine, DayPart, MerchantDay
from ui.components import chips, figures
from ui.components.empty import sentence
from ui.components.tiles import Measure, measures
from ui.labels import clock, count, counted, money, t
from ui.markup import Markup, join, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd_money import words


def head(day: MerchantDay) -> Markup:
    """Return the figures of the day."""
    done = sum(part.number for part in day.parts)
    return measures(
        [
            Measure(
                t("Caisse"), figures.amount(day.merchant.float_, is_big=True), t("disponible à donner ou à vendre")
            ),
            Measure(t("Commissions du jour"), figures.amount(day.earned, is_big=True, is_signed=True), _month(day)),
            Measure(
                t("Opérations du jour"),
                figures.figure(count(done), is_big=True),
                t("au {clock}").format(clock=clock(day.at)),
            ),
        ]
    )


def parts(day: MerchantDay) -> Markup:
    """Return one line for each type of the day."""
    if not day.parts:
        return sentence(t("Rien encore aujourd'hui."), "storefront")
    return join(*map(_part, day.parts))


def lines(day: MerchantDay) -> Markup:
    """Return the operations of the day, newest first."""
    if not day.lines:
        return sentence(t("Aucune opération aujourd'hui. La prochaine paraîtra ici d'elle-même."), "receipt_long")
    return join(*map(_line, day.lines))


def _month(day: MerchantDay) -> str:
    return t("{amount} en 30 jours").format(amount=words.signed(day.earned_30_days))


def _part(part: DayPart) -> Markup:
    number = counted(part.number, t("{count} opération"), t("{count} opérations"))
    return _row(
        ussd_words.kind(part.type), number, money(part.amount), _earned(part.earned.minor, words.signed(part.earned))
    )


def _line(line: DayLine) -> Markup:
    state = ussd_words.OPERATION_STATES[line.state]
    mark = None if line.state == "completed" else chips.chip(state)
    detail = f"{clock(line.at)} · {line.reference}"
    title = f"{ussd_words.kind(line.type)} · {line.other}" if line.other else ussd_words.kind(line.type)
    earned = _earned(line.earned.minor, words.signed(line.earned))
    return _row(title, detail, words.signed(line.moved), earned, mark)


def _earned(minor: int, shown: str) -> str:
    if minor == 0:
        return ""
    return (t("commission {amount}") if minor > 0 else t("frais {amount}")).format(amount=shown)


def _row(title: str, detail: str, figure: str, under: str, mark: Markup | None = None) -> Markup:
    said = tag(
        "span",
        tag("span", title, mark, class_="line-title"),
        tag("span", detail, class_="line-detail"),
        class_="line-words",
    )
    sums = tag(
        "span",
        tag("span", figure, class_="figure-number"),
        tag("span", under, class_="line-detail") if under else None,
        class_="day-sums",
    )
    return tag("div", said, sums, class_="line")
