"""`/paiements/sante`: how each provider behaved over the last 24 hours, the ailing first."""

from nicegui import ui

from core.permissions import Permission
from core.rates import Rate
from reports import payments
from reports.payments import ProviderHealth
from ui import live, shell
from ui.components import cards, chips, empty, figures, layout
from ui.components.sparklines import sparkline
from ui.labels import NO_BREAK, Sign, State, Tone, count, money, percent, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.payments import shown, words

REFRESH_S = 10.0
NONE = "\N{EN DASH}"

BREAKERS: dict[str, Sign] = {
    "closed": State.HEALTHY.value,
    "open": Sign("pause_circle", "Disjoncté", Tone.OCHRE),
    "locked": Sign("lock", "Bloqué, un administrateur rouvre", Tone.RED),
}

ALERTS = {
    "success": "Les réussites sont tombées de moitié contre la même heure des 7 derniers jours.",
    "unknown": "Plus de 1 % des transferts ont eu un sort inconnu.",
    "silence": "Aucun rappel depuis 30 min de trafic.",
}


@shell.screen("/paiements/sante", title="Santé des opérateurs", needs=Permission.PAYMENTS_READ)
async def health() -> None:
    """Draw a card an account; the figures follow the traffic."""
    layout.title(t("Santé des opérateurs"), t("Les dernières 24 heures, mesurées sur les transferts partis."))
    place = layout.grid()
    await _fill(place)
    live.hub.subscribe(["transfers"], lambda _: _fill(place), every_s=REFRESH_S)


async def _fill(place: ui.element) -> None:
    found = await shell.read(payments.list_health)
    if found is None or place.is_deleted:
        return
    place.clear()
    with place:
        if not found:
            with layout.cell(12), cards.card():
                empty.empty(t("Aucun compte d'opérateur. Sa santé paraîtra avec le premier."), icon="network_check")
        quiet = [account for account in found if _is_quiet(account)]
        for account in found:
            if account not in quiet:
                with layout.cell(6):
                    _card(account)
        if quiet:
            with (
                layout.cell(12),
                cards.titled(t("Sans trafic depuis 24 heures"), count=count(len(quiet)), is_flush=True),
            ):
                lines = [
                    tag(
                        "div",
                        tag("span", one.label, class_="line-title"),
                        tag("span", _state(one)),
                        class_="quiet-line",
                    )
                    for one in quiet
                ]
                show(join(*lines), classes="quiet-lines")


def _is_quiet(account: ProviderHealth) -> bool:
    """Say whether there is nothing to tell but that the account is there."""
    return not (account.sent or account.alerts or account.is_open) and account.breaker == "closed"


def _card(account: ProviderHealth) -> None:
    with cards.titled(account.label, _state(account)):
        for alert in account.alerts:
            cards.notice(t(ALERTS[alert]), tone="ochre", icon_name="warning")
        show(_headline(account), classes="health-head")
        show(tag("dl", *map(_figure, _figures(account)), class_="health-figures"))


def _headline(account: ProviderHealth) -> Markup:
    """Return the success rate, big, beside the line of the day."""
    said = t("réussis, {of}").format(of=of(account.success))
    if account.is_open:
        said = f"{said}, {t('{number} encore ouverts').format(number=count(account.is_open))}"
    rate_shown = tag(
        "div",
        figures.figure(rate(account.success), is_big=True),
        tag("span", said, class_="caption"),
        class_="health-rate",
    )
    if not account.sent:
        return rate_shown
    line = sparkline(account.succeeded_by_hour, account.sent_by_hour, tone=_tone(account))
    title = t("Réussis par heure, en pointillé les envois")
    return join(rate_shown, tag("span", line, class_="health-line", title=title, role="img", aria_label=title))


def _tone(account: ProviderHealth) -> Tone:
    return Tone.OCHRE if account.alerts else Tone.ACCENT


def _state(account: ProviderHealth) -> Markup:
    signs = [words.ENVIRONMENTS.get(account.environment)]
    if account.state == "paused":
        signs.append(State.SUSPENDED.value)
    elif account.are_payouts_paused:
        signs.append(Sign("pause", "Versements suspendus", Tone.NEUTRAL))
    signs.append(BREAKERS[account.breaker])
    return join(*(join(chips.chip(sign), " ") for sign in signs if sign))


Figure = tuple[str, str | Markup, str]


def _figures(account: ProviderHealth) -> list[Figure]:
    return [
        (t("Délai médian"), seconds(account.median_s), ""),
        (t("95e centile"), seconds(account.p95_s), ""),
        (t("Sort inconnu"), rate(account.unknown), of(account.unknown)),
        (t("Rappels reçus"), rate(account.callbacks), of(account.callbacks)),
        (t("Dernière réussite"), when(account.succeeded_at) if account.succeeded_at else NONE, ""),
        (t("Notre avoir"), money(account.balance) if account.balance else NONE, ""),
    ]


def _figure(figure: Figure) -> Markup:
    label, value, note = figure
    return tag(
        "div",
        tag("dt", label),
        tag("dd", value),
        tag("dd", note, class_="caption") if note else None,
        class_="health-figure",
    )


def rate(value: Rate) -> str:
    """Return a percentage, or a dash when there was nothing to count."""
    return NONE if value.value is None else percent(value.value)


def of(value: Rate) -> str:
    """Return what a rate was counted from."""
    said = {"number": count(value.numerator), "all": count(value.denominator)}
    return t("{number} sur {all}").format(**said).replace(" ", NO_BREAK)


def seconds(value: float | None) -> str:
    """Return a delay as a person says it."""
    return NONE if value is None else shown.took(value)
