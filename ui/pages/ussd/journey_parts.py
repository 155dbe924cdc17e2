"""The parts of the page of journeys, each drawn from figures: what is a rate says out of how many."""

from collections.abc import Sequence
from decimal import Decimal

from channels.ussd.journeys import Arm, Journey, Leaf, MoneyRow, Stage
from core.rates import Rate
from reports.charts import Figure
from reports.histograms import Histogram, wilson
from reports.ussd_figures import Overview, Reason, Slice
from ui.components import facts, figures, plain_tables, progress
from ui.components.empty import sentence
from ui.components.plain_tables import Head, Line
from ui.components.progress import Part
from ui.components.tiles import Measure, measures
from ui.labels import Tone, count, decimal, duration, money, percent, t
from ui.markup import Markup, join, tag
from ui.pages.ussd import words

DASH = "\N{EN DASH}"
US_PER_MS = 1_000
HIGH_DROP, HIGH_REFUSED = 0.15, 0.15
MOST_REASONS = 9
MOST_INVALID = 8


def rate(share: Rate) -> str:
    """Return a share, or a dash where there is nothing it could be a share of."""
    return DASH if share.value is None else percent(share.value)


def milliseconds(times: Histogram, share: float) -> str:
    """Return an answer time in milliseconds."""
    value = times.quantile(share)
    return DASH if value is None else f"{decimal(value / US_PER_MS, 0)}\N{NO-BREAK SPACE}ms"


def head(seen: Overview) -> Markup:
    """Return the band of measures."""
    standing = seen.standing
    completion, dropped = standing.completion, Rate(standing.dropped, standing.started)
    p50, p95, p999 = (milliseconds(seen.answer, share) for share in (0.5, 0.95, 0.999))
    slow = f"p50 {p50} · p95 {p95} · p99,9 {p999}"
    return measures(
        [
            Measure(t("Sessions commencées"), _big(count(standing.started)), _turns(seen)),
            Measure(t("Objectif atteint"), _big(rate(completion)), _out_of(completion, t("finies"))),
            Measure(t("Abandons"), _big(rate(dropped)), _out_of(dropped, t("commencées"))),
            Measure(t("Réponse p99"), _big(milliseconds(seen.answer, 0.99)), slow),
        ]
    )


def parts(seen: Overview) -> Markup:
    """Return how the sessions stand, in one bar whose parts make up the whole."""
    standing = seen.standing
    shown = [
        Part(t("Objectif atteint"), standing.completed, Tone.ACCENT),
        Part(t("En cours"), standing.open, Tone.BLUE),
        Part(t("Abandonnées"), standing.dropped, Tone.OCHRE, _resumed(seen.resumed)),
        Part(t("Échouées"), standing.failed, Tone.RED),
        Part(t("Sans objectif"), standing.ended, Tone.NEUTRAL),
    ]
    return progress.progress(shown, headline=figures.figure(count(standing.started)), detail=t("sessions commencées"))


def funnel(stages: Sequence[Stage], goal: str) -> Figure:
    """Return the funnel of a goal for the charts: sessions on each screen, and the share that dropped there."""
    names = [words.screen(stage.screen) if stage.screen else words.goal(goal) for stage in stages]
    most = max((stage.seen for stage in stages), default=0) or 1
    worst = max(stages, key=lambda stage: stage.drop_off.value or 0, default=None)
    colours = ["ochre" if stage is worst and stage.dropped else "accent" for stage in stages]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": [stage.seen for stage in stages],
                "y": names,
                "name": t("sessions"),
                "text": [_loss(stage) for stage in stages],
                "marker": {"color": colours},
            }
        ],
        "layout": {
            "xaxis": {"type": "linear", "range": [0, most * 1.3]},
            "yaxis": {"type": "category", "autorange": "reversed"},
        },
    }


def tree(leaves: Sequence[Leaf]) -> Markup:
    """Return the screens as the menu's tree, with what is lost, waited and refused on each."""
    if not leaves:
        return nothing()
    heads = [
        Head(t("Écran"), is_number=False),
        Head(t("Vues")),
        Head(t("Abandons")),
        Head(t("Médiane"), is_on_phone=False),
        Head(t("90 %"), is_on_phone=False),
        Head(t("Saisies"), is_on_phone=False),
        Head(t("Refusées")),
    ]
    return plain_tables.plain_table(heads, [_leaf(leaf) for leaf in leaves], label=t("Écrans du menu"))


def invalid(leaves: Sequence[Leaf]) -> Markup:
    """Return the refused inputs by screen and outcome, never by what was typed."""
    refused = [
        (number, leaf.figures.screen, outcome, leaf.figures.inputs)
        for leaf in leaves
        for outcome, number in leaf.figures.refused.items()
    ]
    if not refused:
        return sentence(t("Aucune saisie refusée dans cette période."), "check")
    refused.sort(reverse=True)
    most = refused[0][0]
    return progress.funnel(
        [
            progress.Step(words.screen(screen), number / most, count(number), words.refusal(outcome), tone=Tone.OCHRE)
            for number, screen, outcome, _ in refused[:MOST_INVALID]
        ]
    )


def reasons(found: Sequence[Reason]) -> Markup:
    """Return why sessions ended without a goal or failed, the most frequent first."""
    without = [reason for reason in found if reason.kind != "completed"]
    if not without:
        return sentence(t("Aucune session finie sans objectif dans cette période."), "check")
    total = sum(reason.number for reason in without)
    return facts.facts(
        [(words.reason(reason.code), _share(Rate(reason.number, total))) for reason in without[:MOST_REASONS]]
    )


def cut(slices: Sequence[Slice], by: str) -> Markup:
    """Return what was chosen, cut one way; a completion has the interval it lies in 95 times of 100."""
    if not slices:
        return nothing()
    heads = [
        Head(t(words.BY[by]), is_number=False),
        Head(t("Sessions")),
        Head(t("Objectif")),
        Head(t("Intervalle à 95 %"), is_on_phone=False),
        Head(t("Abandons")),
        Head(t("Erreurs"), is_on_phone=False),
        Head(t("p99"), is_on_phone=False),
    ]
    lines = [
        Line(
            _slice_name(each, by),
            [
                count(each.standing.started),
                rate(each.standing.completion),
                interval(wilson(each.standing.completion)),
                rate(Rate(each.standing.dropped, each.standing.started)),
                rate(each.errors),
                milliseconds(each.answer, 0.99),
            ],
        )
        for each in slices
    ]
    return plain_tables.plain_table(heads, lines, label=t("Découpe"))


def arms(compared: Sequence[Arm]) -> Markup:
    """Return versions side by side: how many reached each screen of their way, of those that saw its first."""
    screens = list(dict.fromkeys(stage.screen for arm in compared for stage in arm.funnel))
    heads = [Head(t("Étape"), is_number=False), *(Head(arm.name) for arm in compared)]
    lines = [
        Line(t("Objectif atteint"), [_completion(arm) for arm in compared]),
        *(
            Line(words.screen(screen) if screen else t("Objectif"), [_reached(arm, screen) for arm in compared])
            for screen in screens
        ),
    ]
    return plain_tables.plain_table(heads, lines, label=t("Versions comparées"))


def requests(seen: Overview) -> Markup:
    """Return what was odd about requests: shares of all of them, and what the gateways say of the sessions."""
    shown: list[facts.Fact] = [
        (name, _share(share))
        for name, share in (
            (t("Étapes en erreur"), seen.errors),
            (t("Après 4 s"), seen.late),
            (t("Rejouées"), seen.replays),
            (t("En conflit"), seen.conflicts),
            (t("Périmées"), seen.stale),
            (t("Service occupé"), seen.busy),
            (t("Désaccord avec la passerelle"), seen.disagreement),
        )
    ]
    for cost in seen.costs:
        amount = DASH if cost.per_completed is None else decimal(cost.per_completed, 2)
        each = f"{amount}\N{NO-BREAK SPACE}{cost.currency}"
        coverage = t("connu pour {share}").format(share=rate(cost.coverage))
        shown.append((t("Coût par session aboutie"), join(each, " ", tag("span", coverage, class_="caption"))))
    return facts.facts(shown)


def money_table(rows: Sequence[MoneyRow]) -> Markup:
    """Return what became of the money that was asked for, by type."""
    if not rows:
        return sentence(t("Ce menu ne déplace pas d'argent."), "payments")
    heads = [
        Head(t("Type"), is_number=False),
        Head(t("Demandés"), is_on_phone=False),
        Head(t("Confirmés"), is_on_phone=False),
        Head(t("Code juste"), is_on_phone=False),
        Head(t("Aboutis")),
        Head(t("Sort inconnu"), is_on_phone=False),
        Head(t("Volume")),
        Head(t("Frais"), is_on_phone=False),
    ]
    return plain_tables.plain_table(heads, [_money_line(row) for row in rows], label=t("Argent par type"))


def nothing() -> Markup:
    """Return what is said where the period is empty."""
    return sentence(t("Aucune session dans cette période."), "timeline")


def one_version() -> Markup:
    """Return what is said where there are no two versions to compare."""
    return sentence(t("Choisissez deux versions à comparer."), "compare_arrows")


def interval(bounds: tuple[float, float] | None) -> str:
    """Return an interval of shares."""
    return f"\N{NO-BREAK SPACE}{DASH}\N{NO-BREAK SPACE}".join(map(percent, bounds)) if bounds else DASH


def goals(journey: Journey) -> dict[str, str]:
    """Return the goals that may be chosen."""
    return {goal: words.goal(goal) for goal in journey.goals}


def _leaf(leaf: Leaf) -> Line:
    seen = leaf.figures
    dropped, refused = seen.drop_off.value or 0, seen.invalid.value or 0
    return Line(
        words.screen(seen.screen),
        [
            count(seen.seen),
            _with_share(seen.dropped, rate(seen.drop_off), is_high=dropped > HIGH_DROP),
            _seconds(seen.waits, 0.5),
            _seconds(seen.waits, 0.9),
            count(seen.inputs),
            _with_share(sum(seen.refused.values()), rate(seen.invalid), is_high=refused > HIGH_REFUSED),
        ],
        depth=leaf.depth,
    )


def _with_share(number: int, share: str, *, is_high: bool) -> Markup:
    return join(count(number), " ", tag("span", share, class_="strong" if is_high else "weak"))


def _seconds(times: Histogram, share: float) -> str:
    value = times.quantile(share)
    return DASH if value is None else duration(value)


def _slice_name(each: Slice, by: str) -> str:
    match by:
        case "network":
            return words.network(each.name, is_estimated=each.is_estimated)
        case "language":
            return words.language(each.name)
        case "hour":
            return t("{hour} h").format(hour=each.key)
        case _:
            return each.name


def _completion(arm: Arm) -> Markup:
    return join(rate(arm.completion), " ", tag("span", interval(arm.interval), class_="weak"))


def _reached(arm: Arm, screen: str) -> Markup | str:
    found = next((stage for stage in arm.funnel if stage.screen == screen), None)
    if found is None:
        return DASH
    return _with_share(found.seen, rate(Rate(found.seen, arm.funnel[0].seen)), is_high=False)


def _money_line(row: MoneyRow) -> Line:
    refused = ", ".join(f"{words.screen(screen)} {count(number)}" for screen, number in row.refused.items())
    return Line(
        words.kind(row.type),
        [
            count(row.asked),
            count(row.confirmed),
            count(row.proved),
            count(sum(each.completed for each in row.moved)),
            count(sum(each.unknown for each in row.moved)),
            ", ".join(money(each.volume) for each in row.moved) or DASH,
            ", ".join(money(each.fees) for each in row.moved) or DASH,
        ],
        note=t("Refusés : {reasons}").format(reasons=refused) if refused else "",
    )


def _big(figure: str) -> Markup:
    return figures.figure(figure, is_big=True)


def _turns(seen: Overview) -> str:
    each = Decimal(seen.turns) / seen.standing.started if seen.standing.started else None
    return "" if each is None else t("{number} étapes par session").format(number=decimal(each))


def _out_of(share: Rate, what: str) -> str:
    numbers = {"number": count(share.numerator), "total": count(share.denominator), "what": what}
    return t("{number} sur {total} {what}").format(**numbers)


def _share(share: Rate) -> Markup | str:
    if share.value is None:
        return DASH
    return join(rate(share), " ", tag("span", count(share.numerator), class_="caption"))


def _resumed(number: int) -> str:
    return t("dont {number} reprises").format(number=count(number)) if number else ""


def _loss(stage: Stage) -> str:
    lost = f" \N{MINUS SIGN}{percent(stage.drop_off.value or 0)}" if stage.dropped else ""
    return count(stage.seen) + lost
