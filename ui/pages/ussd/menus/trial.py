"""A version on trial beside the live one: begin it, read both with their intervals, stop it or keep it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from channels import publishing
from channels.ussd import journeys
from core.clock import now
from core.errors import Refusal
from reports.figures import Span
from reports.histograms import wilson
from reports.ussd_figures import Cut, Slice
from services import trials
from services.menus import MenuRow, VersionLine
from services.trials import StartTrial, StopTrial, TrialRow
from ui import shell
from ui.components import buttons, cards, dialogs, fields, toasts
from ui.components.confirm_dialog import confirm_dialog
from ui.components.empty import sentence
from ui.components.facts import prose
from ui.labels import moment, t, zone
from ui.markup import Markup, show, tag
from ui.pages.ussd import journey_parts
from ui.pages.ussd.menus import words
from ui.pages.ussd.menus.putting_live import LONGEST_REASON

HOUR = timedelta(hours=1)
SHARES = {"5": "5 %", "10": "10 %", "20": "20 %", "50": "50 %"}
LENGTHS = {"1": "1 jour", "3": "3 jours", "7": "7 jours", "14": "14 jours", "": "Jusqu'à ce que je l'arrête"}

Again = Callable[[], Awaitable[None]]


async def read_arms(trial: TrialRow) -> list[Slice]:
    """Return the figures of the live version and of the one on trial, as far as they have any."""
    span = Span(_hour_of(trial), now().replace(minute=0, second=0, microsecond=0) + HOUR)
    cut = Cut(service=trial.service_key, zone=zone())
    found = {each.key: each for each in await shell.read(journeys.list_slices, span, cut, "version") or ()}
    return [found[key] for key in (str(trial.against_id), str(trial.version_id)) if key in found]


def draw_trial(trial: TrialRow, arms: list[Slice], keep: Again | None, again: Again) -> None:
    """Draw a trial that goes on; `keep` puts its version live and is None for who may only read."""
    with cards.titled(_title(trial), _note(trial), is_flush=True):
        if arms:
            show(journey_parts.cut(arms, "version"))
        show(sentence(_verdict(arms), "experiment"))
        if keep is not None:
            with cards.foot(), dialogs.actions():
                buttons.secondary(t("Arrêter l'essai"), lambda: _stop(trial, again), icon="stop_circle")
                buttons.primary(t("Garder la version {number}").format(number=trial.number), keep, icon="publish")


def try_dialog(row: MenuRow, line: VersionLine, again: Again) -> None:
    """Ask on which service, for which share of the callers, how long and why a version is tried."""
    services = {each.key: each.name for each in row.services if each.live_id not in {None, line.id}}
    if not services:
        return
    with dialogs.dialog(t("Essayer la version {number}").format(number=line.number)) as dialog:
        show(prose(t("Une part des appelants la rencontre, toujours les mêmes ; les autres gardent celle en ligne.")))
        service = fields.choice(t("Service"), services, value=next(iter(services)))
        share = fields.choice(t("Part des appelants"), {k: t(v) for k, v in SHARES.items()}, value="10")
        length = fields.choice(t("Durée"), {k: t(v) for k, v in LENGTHS.items()}, value="7")
        box = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        box.props(f"maxlength={LONGEST_REASON}")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Commencer l'essai"), icon="experiment")

    async def run() -> None:
        reason = str(box.value or "").strip()
        if not reason:
            fields.show_error(box, t("Écrivez un motif."))
            return
        order = StartTrial(
            service_key=str(service.value),
            version_id=line.id,
            checksum=line.checksum,
            share_percent=int(share.value),
            ends_at=now() + timedelta(days=int(length.value)) if length.value else None,
            reason=reason,
        )
        outcome = await shell.attempt(publishing.start_trial, order)
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
            return
        dialog.close()
        toasts.done(t("Version {number} à l'essai.").format(number=line.number))
        await again()

    button.on_click(run)
    dialog.open()


def ended(trial: TrialRow) -> Markup:
    """Return a trial that is over in one line."""
    told = t("{number} face à {other}, {share} des appelants").format(
        number=words.version(trial.number), other=words.version(trial.against_number), share=_share(trial)
    )
    dates = f"{moment(trial.begun_at)} → {moment(trial.ended_at)}"
    return tag(
        "div",
        tag("span", f"{trial.service} · {told}", class_="line-title"),
        tag("span", " · ".join(filter(None, (dates, trial.who, trial.end_reason))), class_="line-detail"),
        class_="line line-words",
    )


def _stop(trial: TrialRow, again: Again) -> None:
    async def confirm() -> bool | None:
        order = StopTrial(service_key=trial.service_key, reason=t("Arrêté à la console"))
        outcome = await shell.attempt(trials.stop_trial, order)
        if isinstance(outcome, Refusal):
            toasts.refused(shell.sentence_of(outcome))
            return None
        toasts.done(t("Essai arrêté."))
        await again()
        return True

    confirm_dialog(
        t("Arrêter l'essai"),
        t(
            "Les prochains appels commencent tous sur la version {number} ; une session ouverte finit sur la sienne."
        ).format(number=trial.against_number),
        act=t("Arrêter"),
        confirm=confirm,
    )


def _hour_of(trial: TrialRow) -> datetime:
    return trial.begun_at.replace(minute=0, second=0, microsecond=0)


def _title(trial: TrialRow) -> str:
    return t("Essai sur {service} : {number} face à {other}").format(
        service=trial.service, number=words.version(trial.number), other=words.version(trial.against_number)
    )


def _note(trial: TrialRow) -> str:
    share = t("{share} des appelants").format(share=_share(trial))
    until = t("jusqu'au {moment}").format(moment=moment(trial.ends_at)) if trial.ends_at else t("jusqu'à nouvel ordre")
    return f"{share}, {until}"


def _share(trial: TrialRow) -> str:
    return f"{trial.share_percent}\N{NO-BREAK SPACE}%"


def _verdict(arms: list[Slice]) -> str:
    """Say whether the two intervals leave room for doubt."""
    bounds = [wilson(arm.standing.completion) for arm in arms]
    if len(bounds) != 2 or None in bounds:  # noqa: PLR2004  # two versions
        return t("Pas encore de sessions finies sur les deux versions.")
    one, other = bounds[0], bounds[1]
    if one and other and (one[1] < other[0] or other[1] < one[0]):
        best = arms[1] if one[1] < other[0] else arms[0]
        return t("{version} atteint plus souvent l'objectif : les intervalles ne se touchent pas.").format(
            version=best.name
        )
    return t("Les intervalles se recouvrent : rien ne sépare encore les deux versions.")
