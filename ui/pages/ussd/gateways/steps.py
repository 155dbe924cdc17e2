"""What is left to do before a new account serves, in order, each step with how to do it."""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.ussd import accounts
from channels.ussd.accounts import FEWEST_FIXTURES, ProfileRow
from services.gateways import GatewayRow
from ui.components import cards, chips
from ui.labels import Tone, count, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd.gateways import words


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and whether it is done."""

    title: str
    detail: str
    is_done: bool


def draw_steps(row: GatewayRow, profile: ProfileRow) -> None:
    """Place the steps of an account that does not serve yet."""
    steps = steps_of(row, profile)
    done = sum(step.is_done for step in steps)
    note = t("{done} sur {count}").format(done=count(done), count=count(len(steps)))
    with cards.titled(t("Pour la mettre en service"), note, is_flush=True):
        show(tag("ol", *(_line(number, step) for number, step in enumerate(steps, start=1)), class_="steps"))


def steps_of(row: GatewayRow, profile: ProfileRow) -> Sequence[Step]:
    """Return what an account needs, what is done already told apart."""
    was_heard = row.last_at is not None
    dialled = ", ".join(row.codes) or t("le code")
    steps = [
        Step(t("Donnez-lui son adresse"), words.place(row.profile), was_heard),
        Step(
            t("Composez {code} d'un téléphone").format(code=dialled),
            t("La requête paraît ci-dessous, décodée. Vous entendrez encore que le service est arrêté."),
            was_heard,
        ),
        Step(
            t("Dites d'où viennent ses requêtes"),
            t("L'agrégateur vous donne ses adresses. Sans elles, seul le secret de l'adresse protège le compte."),
            bool(row.networks),
        ),
    ]
    if not profile.is_shipped:
        passed = sum(not differences for differences in accounts.judge(profile))
        detail = t("« Faire un test » d'un échange : {passed} réussis, {fewest} au moins.")
        said = detail.format(passed=passed, fewest=FEWEST_FIXTURES)
        steps.append(Step(t("Prouvez votre profil"), said, passed >= FEWEST_FIXTURES))
    last = t("Le prochain appel est servi. Vous pourrez la suspendre à tout moment.")
    return [*steps, Step(t("Mettez-la en service"), last, is_done=False)]


def _line(number: int, step: Step) -> Markup:
    tone = Tone.ACCENT if step.is_done else Tone.NEUTRAL
    mark = tag("span", str(number), class_=f"history-mark icon-tile-{tone}", aria_hidden="true")
    said = join(tag("span", step.title, class_="line-title"), tag("span", step.detail, class_="line-detail line-wrap"))
    done = chips.plain(t("Fait"), icon_name="check", tone=Tone.ACCENT) if step.is_done else None
    return tag("li", mark, tag("span", said, class_="line-words"), done, class_="line")
