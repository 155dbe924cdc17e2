"""The figures of the board as markup; a count may be `<5` or `n.d.` where its reader may only look."""

from collections.abc import Sequence

from reports.ciu import Cell, Figures, FunnelStep
from services.ciu.store.standing import SenderRow, Standing
from ui.components import chips, facts, figures
from ui.components.empty import sentence
from ui.components.heat_strip import heat_strip
from ui.components.progress import Step, funnel
from ui.components.tiles import Measure, measures
from ui.labels import Tone, count, duration, percent, t, when
from ui.markup import Markup, tag
from ui.pages.ciu import words

DASH = "\N{EM DASH}"
MOST_ERRORS = 2


def measures_of(found: Figures) -> Markup:
    """Return the band of the figures that matter most."""
    days = [one.count if isinstance(one.count, int) else 0 for one in found.chart]
    rate = found.abandoned.rate.value if found.abandoned.rate else None
    completed = found.completed
    new = t("{new} codes nouveaux, {existing} redonnés").format(
        new=words.cell(completed.new), existing=words.cell(completed.existing)
    )
    median = found.seconds_to_code.median
    slow = found.seconds_to_code.p90
    return measures(
        [
            Measure(t("Codes en tout"), _big(found.total), t("vivants, aujourd'hui"), days),
            Measure(t("Numéros distincts"), _big(found.unique_users), t("par premier numéro")),
            Measure(t("Conversations"), _big(found.started), new),
            Measure(t("Doublons évités"), _big(found.duplicates_avoided), t("codes redonnés, pas refaits")),
            Measure(
                t("Abandons"),
                figures.figure(DASH if rate is None else percent(rate), is_big=True),
                t("{count} des conversations finies").format(count=words.cell(found.abandoned.count)),
                tone=Tone.OCHRE,
            ),
            Measure(
                t("Temps jusqu'au code"),
                figures.figure(DASH if median is None else duration(median), is_big=True),
                t("neuf sur dix en {time}").format(time=duration(slow)) if slow is not None else t("médiane"),
            ),
        ]
    )


def present(found: Standing, open_now: Cell, *, may_act: bool) -> Markup:
    """Return what goes on and what waits."""
    lines: list[facts.Fact] = [(t("Conversations ouvertes"), _to(words.CONVERSATIONS, open_now, is_link=may_act))]
    if found.pairs_open is not None:
        lines.append((t("Doublons à décider"), _to(words.PAIRS, found.pairs_open, is_link=True)))
    if found.inbound_waiting is not None:
        since = t(", depuis {moment}").format(moment=when(found.inbound_since)) if found.inbound_since else ""
        lines.append((t("Messages à lire"), f"{count(found.inbound_waiting)}{since}"))
    if found.replies_waiting is not None:
        lines.append((t("Réponses à envoyer"), count(found.replies_waiting)))
    return facts.facts(lines)


def senders(rows: Sequence[SenderRow]) -> Markup:
    """Return our numbers, each with whether it answers."""
    if not rows:
        return sentence(t("Aucun numéro ne répond encore. Il s'ajoute dans les réglages."), "call")
    return tag("ul", *map(_sender, rows), class_="reasons")


def funnel_of(found: Figures) -> Markup:
    """Return the questions with who was asked, who answered, and who was lost there."""
    if not found.funnel or not found.started:
        return sentence(t("Personne n'a encore commencé dans cette période."), "filter_alt")
    most = max((_number(step.asked) for step in found.funnel), default=0) or 1
    worst = max(found.funnel, key=lambda step: _number(step.abandoned))
    rows = [_step(step, most, is_worst=step is worst and _number(step.abandoned) > 0) for step in found.funnel]
    issued = _number(found.completed.new) + _number(found.completed.existing)
    is_told = all(isinstance(one, int) for one in (found.completed.new, found.completed.existing))
    rows.append(Step(t("Code donné"), issued / most, count(issued) if is_told else DASH))
    refused = _refusals(found.funnel)
    said = tag("p", t("Refus les plus fréquents : {list}").format(list=refused), class_="caption") if refused else None
    return tag("div", funnel(rows), said, class_="stack stack-tight")


def endings(found: Figures) -> Markup:
    """Return how the conversations of the period ended; with those that go on they are all that began."""
    outcomes = found.outcomes
    rows = (
        (t("Nouveau code"), found.completed.new, Tone.ACCENT),
        (t("Code déjà connu"), found.completed.existing, Tone.ACCENT),
        (t("Expirée"), outcomes.expired, Tone.OCHRE),
        (t("Arrêtée"), outcomes.stopped, Tone.OCHRE),
        (t("Recommencée"), outcomes.restarted, Tone.NEUTRAL),
        (t("Oubliée"), outcomes.forgotten, Tone.NEUTRAL),
        (t("En cours"), outcomes.open, Tone.BLUE),
    )
    most = max((_number(number) for _, number, _ in rows), default=0) or 1
    return funnel([Step(name, _number(number) / most, words.cell(number), tone=tone) for name, number, tone in rows])


def languages(found: Figures) -> Markup:
    """Return the languages of those who got a code."""
    if not found.by_language:
        return sentence(t("Aucun code dans cette période."), "translate")
    most = max(map(_number, found.by_language.values()), default=0) or 1
    return funnel(
        [
            Step(words.language(code), _number(number) / most, words.cell(number))
            for code, number in found.by_language.items()
        ]
    )


def hours(found: Figures) -> Markup:
    """Return when people write, on the clocks of the programme."""
    most = max(map(_number, found.by_hour), default=0) or 1
    cells = [
        (f"{hour:02}{t('h')}", _number(number) / most, words.cell(number)) for hour, number in enumerate(found.by_hour)
    ]
    return heat_strip(cells, label=t("Conversations commencées, par heure du jour"))


def _step(step: FunnelStep, most: int, *, is_worst: bool) -> Step:
    figure = f"{words.cell(step.answered)} / {words.cell(step.asked)}"
    lost = f"\N{MINUS SIGN}{words.cell(step.abandoned)}" if step.abandoned else ""
    return Step(words.question(step.question), _number(step.asked) / most, figure, lost, is_marked=is_worst)


def _refusals(steps: Sequence[FunnelStep]) -> str:
    known: dict[str, int] = {}
    for step in steps:
        for code, number in step.refused_by.items():
            known[code] = known.get(code, 0) + _number(number)
    most = sorted((code for code in known if known[code]), key=lambda code: -known[code])[:MOST_ERRORS]
    return ", ".join(f"{words.error(code)} ({count(known[code])})" for code in most)


def _sender(row: SenderRow) -> Markup:
    last = (
        t("dernier message {moment}").format(moment=when(row.last_at)) if row.last_at else t("aucun message en 7 jours")
    )
    named = tag(
        "span",
        tag("span", f"{words.CHANNELS[row.channel]} {row.address}", class_="line-title tabular"),
        tag("span", f"{row.programme}, {last}", class_="line-detail"),
        class_="reason-words",
    )
    return tag("li", named, chips.chip(words.SENDERS[row.state]), class_="sender-line")


def _big(value: Cell) -> Markup:
    return figures.figure(words.cell(value), is_big=True)


def _number(value: Cell) -> int:
    """Return a count to draw; what may not be read is drawn as nothing."""
    return value if isinstance(value, int) else 0


def _to(href: str, number: Cell, *, is_link: bool) -> Markup | str:
    said = words.cell(number)
    return tag("a", said, href=href, class_="link") if is_link else said
