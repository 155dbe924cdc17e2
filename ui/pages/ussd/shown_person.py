"""How a subscriber stands, as figures: wallet, ceilings used, PIN."""

from core.money import Money
from services.pins import TRIES, PinState
from services.subscribers import SubscriberCard, WalletRow
from ui.components import chips, facts, figures
from ui.components.progress import plain_bar
from ui.labels import State, Tone, count, day, money, t, when
from ui.markup import Markup, join, tag

NEARLY = 0.8


def standing(card: SubscriberCard) -> str:
    """Return the state of the person, or of his wallets when only those are stopped."""
    if card.state != "active" or not card.wallets:
        return card.state
    return "suspended" if all(wallet.state == "suspended" for wallet in card.wallets) else "active"


def wallet(row: WalletRow) -> Markup:
    """Return the balance with its time, then how much of each ceiling is used."""
    used = join(
        _limit(t("Sorti aujourd'hui"), row.out_today, row.day_ceiling),
        _limit(t("Sorti en 30 jours"), row.out_30_days, row.month_ceiling),
        _limit(t("Solde le plus haut"), row.balance, row.balance_ceiling),
    )
    balance = figures.with_time(figures.amount(row.balance, is_big=True), row.as_of)
    opened = tag("span", t("Ouvert le {day}").format(day=day(row.opened_at)), class_="caption")
    return tag(
        "div", tag("div", balance, opened, class_="message-head"), tag("div", used, class_="limits"), class_="limits"
    )


def pin(state: PinState | None) -> Markup:
    """Return how the PIN stands; never the PIN."""
    if state is None:
        return facts.prose(t("Cette personne n'a pas encore choisi de code."))
    lines: list[facts.Fact] = [
        (t("État"), chips.chip(State.LOCKED if state.is_locked else State.ACTIVE)),
        (t("Essais restants"), "0" if state.is_locked else f"{state.tries_left} / {TRIES}"),
        (t("Blocages de suite"), count(state.locks)),
        (t("Choisi le"), day(state.changed_at)),
    ]
    if state.needs_operator:
        lines.insert(1, (t("Réouverture"), t("par un opérateur seulement")))
    elif state.is_locked and state.locked_until is not None:
        lines.insert(1, (t("Bloqué jusqu'à"), when(state.locked_until)))
    return facts.facts(lines)


def needs_unlock(state: PinState) -> bool:
    """Say whether there is anything for an operator to give back."""
    return state.is_locked or state.tries_left < TRIES or state.locks > 0


def _limit(label: str, used: Money, ceiling: Money | None) -> Markup:
    if ceiling is None:
        words = tag("span", tag("b", money(used)), " ", t("sans plafond"))
        return tag("div", tag("div", tag("span", label), words, class_="limit-head"), class_="limit")
    ratio = used.minor / ceiling.minor if ceiling.minor else 0.0
    words = tag("span", tag("b", money(used)), f" / {money(ceiling)}")
    tone = Tone.OCHRE if ratio >= NEARLY else Tone.ACCENT
    bar = plain_bar(ratio, label=f"{label} : {money(used)} / {money(ceiling)}", tone=tone)
    return tag("div", tag("div", tag("span", label), words, class_="limit-head"), bar, class_="limit")
