"""The card of a rail: whether payments may leave, what the probe proved, what to ask of the adapter's operator."""

from functools import partial
from uuid import UUID

from nicegui import ui

from services.pensions import rail_care
from services.pensions.rail_care import AskProbe, RailCard
from ui import live, shell
from ui.components import buttons, cards, chips, facts, layout, toasts
from ui.labels import Sign, Tone, count, decimal, moment, t
from ui.markup import Markup, icon, show, tag
from ui.pages.payments.shown import until
from ui.pages.pensions.board import TOPICS

EVERY_S = 2.0
STAGE_S = 30

READY = Sign("check_circle", "Prêt", Tone.ACCENT)
RESTING = Sign("pause_circle", "Au repos", Tone.OCHRE)
UNPROVEN = Sign("hourglass_top", "À prouver", Tone.OCHRE)
STOPPED = Sign("pause", "Suspendu", Tone.NEUTRAL)

PROVEN = {
    "own_id": "Nos identifiants sont honorés : un appel par paiement suffit.",
    "id_ignored": "Nos identifiants sont remplacés : chaque paiement va en deux étapes.",
    "id_closed": "Nos identifiants sont refusés : chaque paiement va en deux étapes, sans eux.",
    "": "Rien n'est encore prouvé : les lots attendent en file.",
}
MODES = {"one_step": "Une étape", "two_step": "Deux étapes"}


async def draw(account_id: UUID) -> None:
    """Place the card; it follows the probe by itself."""
    found = await shell.read(rail_care.get_rail, account_id)
    if found is None:
        return
    with cards.titled(t("Connecteur Mojaloop"), found.label):
        shown = show(_shown(found))
        _draw_acts(found)
        show(_demands(found))

    async def refresh() -> None:
        fresh = await shell.read(rail_care.get_rail, account_id)
        if fresh is not None:
            shown.set_content(_shown(fresh))

    live.subscribe((*TOPICS, "transfers"), lambda _: refresh(), every_s=EVERY_S)


def _draw_acts(found: RailCard) -> None:
    async def probe() -> None:
        if await shell.act(rail_care.ask_probe, AskProbe(account_id=found.id)) is not None:
            toasts.done(t("Le connecteur va être éprouvé ; aucun argent ne bouge."))

    with layout.row():
        buttons.secondary(t("Éprouver maintenant"), probe, icon="network_check")
        path = f"/paiements/comptes/{found.id}"
        buttons.quiet(t("Adresse et limites"), partial(ui.navigate.to, path), icon="tune")


def _sign(found: RailCard) -> Sign:
    if found.state != "active":
        return STOPPED
    if found.breaker != "closed":
        return RESTING
    return READY if found.is_ready else UNPROVEN


def _shown(found: RailCard) -> Markup:
    lines: list[facts.Fact] = [
        (t("État"), chips.chip(_sign(found))),
        (t("Adresse"), tag("code", found.base_url, class_="code-inline")),
        (t("Marche"), t(MODES[found.mode])),
        (t("Éprouvé le"), moment(found.probed_at)),
        (t("Prochaine épreuve"), until(found.next_probe_at) if found.next_probe_at else ""),
        (t("Appels à la fois"), f"{count(found.room)} / {count(found.concurrency)}"),
        (t("Paiements par seconde"), decimal(found.rate_per_s, 0)),
    ]
    if found.breaker != "closed":
        lines.insert(1, (t("Au repos depuis"), moment(found.breaker_at)))
    said = t(PROVEN.get(found.identity, PROVEN[""]))
    if found.detail and not found.is_ready:
        lines.append((t("Dernière réponse"), tag("code", found.detail, class_="code-inline")))
    return tag("div", tag("p", said, class_="prose"), facts.facts(lines), class_="stack stack-tight")


def _demands(found: RailCard) -> Markup:
    """Return what to ask of whoever runs the adapter."""
    is_automatic = found.mode == "one_step"
    asked = (
        t("Un Redis durable : ce qu'il oublie, nous devons le redemander au switch."),
        t("Des délais croissants : devis {expiry} s, étape {stage} s, réponse {answer} s.").format(
            expiry=decimal(min(found.expiry_s, STAGE_S - 10), 0),
            stage=STAGE_S,
            answer=decimal(found.write_timeout_s, 0),
        ),
        t("SUPPORTED_CURRENCIES avec {currency}, et CHECK_ILP allumé.").format(currency=found.currency or "XOF"),
        t("AUTO_ACCEPT_PARTY et AUTO_ACCEPT_QUOTES allumés.")
        if is_automatic
        else t("AUTO_ACCEPT_PARTY et AUTO_ACCEPT_QUOTES éteints."),
        t("Une adresse privée, que seuls nos serveurs atteignent."),
    )
    lines = (tag("li", icon("check", class_="tone-accent"), tag("span", one)) for one in asked)
    head = tag("p", t("À demander à qui exploite le connecteur"), class_="line-title")
    return tag("div", head, tag("ul", *lines, class_="demands"), class_="stack stack-tight")
