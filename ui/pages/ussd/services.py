"""`/ussd-console/services`: what each code leads to, and how its dialogues behave."""

from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission
from models.ussd import SwitchState
from services import approvals, ussd_services
from services.ussd_services import ALONE, AddCode, ChangeService, CodeRow, RemoveCode, ServiceCard
from ui import forms, shell
from ui.components import buttons, cards, chips, decisions, dialogs, facts, fields, layout, reason_dialog, toasts
from ui.components.empty import sentence
from ui.labels import count, counted, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import acts, new_service, words
from ui.pages.ussd.menus.words import menu_path
from ui.pages.ussd.switches import STATES

SERVICES = f"{words.SECTION}/services"
EVERYWHERE = "*"
RESUMES = {
    "start": "Toujours depuis le début",
    "confirm": "Proposer de reprendre",
    "continue": "Reprendre aussitôt",
}


@shell.screen(SERVICES, title="Services", needs=Permission.USSD_READ)
async def services() -> None:
    """Draw the services, each with its codes, its live version and its open dialogues."""
    said = t("Un code composé mène à un service ; un service suit un menu.")
    with layout.page_head(t("Services"), said, crumbs=[("USSD", words.SECTION)]):
        if shell.visitor().may(Permission.USSD_SWITCH):
            buttons.primary(t("Nouveau service"), partial(new_service.ask, SERVICES), icon="add")
    rows = await shell.read(ussd_services.list_services)
    with cards.card(is_flush=True):
        show(join(*map(_line, rows)) if rows else sentence(t("Aucun service."), "dialpad"))


def _line(row: ServiceCard) -> Markup:
    version = t("version {number}").format(number=row.version) if row.version else t("rien de publié")
    opened = counted(row.open_sessions, t("{count} dialogue ouvert"), t("{count} dialogues ouverts"))
    said = " · ".join((_codes_in_words(row), version, opened))
    names = tag(
        "span",
        tag("span", row.name, class_="line-title"),
        tag("span", said, class_="line-detail"),
        class_="line-words",
    )
    sign = chips.chip(STATES[SwitchState(row.state)])
    return tag("a", names, sign, href=f"{SERVICES}/{row.key}", class_="line line-link")


def _codes_in_words(row: ServiceCard) -> str:
    return ", ".join(dict.fromkeys(code.code for code in row.codes)) or t("aucun code")


@shell.screen(f"{SERVICES}/{{key}}", title="Service", needs=Permission.USSD_READ)
async def service(key: str) -> None:
    """Draw one service: codes, behaviour, and the form that changes it."""
    card = await shell.read(ussd_services.get_service, key)
    if card is None:
        return
    may_change = shell.visitor().may(Permission.USSD_SWITCH)
    crumbs = [("USSD", words.SECTION), (t("Services"), SERVICES)]
    with layout.page_head(card.name, f"{card.flow} · {card.currency} · {card.timezone}", crumbs=crumbs):
        show(chips.chip(STATES[SwitchState(card.state)]))
        buttons.secondary(t("Son menu"), icon="account_tree", href=menu_path(card.flow))
        buttons.secondary(t("Arrêt d'urgence"), icon="emergency", href=f"{words.SECTION}/arret")
    if card.version is None:
        said = t("Rien n'est encore en ligne : publiez une version de son menu, et son code répondra.")
        cards.notice(said, tone="ochre", icon_name="publish")
    waiting = await shell.read(approvals.list_waiting, kinds=frozenset({ALONE.name}))

    async def again() -> None:
        ui.navigate.to(f"{SERVICES}/{key}")

    decisions.card([asked for asked in waiting or () if asked.subject_id == card.id], again)
    with layout.grid():
        with layout.cell(7):
            _Behaviour(card, may_change=may_change)
        with layout.cell(5):
            await _draw_codes(card, may_change=may_change)


async def _draw_codes(card: ServiceCard, *, may_change: bool) -> None:
    gateways = await shell.read(ussd_services.list_gateway_names) or {}
    with cards.titled(t("Codes"), count=count(len(card.codes)), is_flush=True, is_ruled=True):
        for code in card.codes:
            with ui.element("div").classes("waiting-line"):
                where = code.gateway or t("toutes les passerelles")
                show(
                    tag(
                        "span",
                        tag("span", code.code, class_="line-title"),
                        tag("span", where, class_="line-detail"),
                        class_="waiting-words",
                    ),
                    classes="waiting-asked",
                )
                if may_change:
                    label = t("Retirer {code}").format(code=code.code)
                    buttons.icon_only("delete", label, partial(_ask_remove, card, code))
        if may_change:
            with cards.foot():
                buttons.secondary(t("Ajouter un code"), partial(_ask_add, card, gateways), icon="add")


def _ask_add(card: ServiceCard, gateways: dict[UUID, str]) -> None:
    choices = {EVERYWHERE: t("Toutes les passerelles")} | {str(key): name for key, name in gateways.items()}
    with dialogs.dialog(t("Ajouter un code à {name}").format(name=card.name)) as dialog:
        box = fields.text(t("Code composé"), hint=t("Par exemple *123# ou *237*100#."))
        where = fields.choice(t("Passerelle"), choices, value=EVERYWHERE)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Ajouter"))

    async def run() -> None:
        gateway_id = None if where.value == EVERYWHERE else UUID(str(where.value))
        order = AddCode(service_id=card.id, code=str(box.value or ""), gateway_id=gateway_id)
        outcome = await shell.attempt(ussd_services.add_code, order)
        if isinstance(outcome, Refusal):
            forms.say(outcome, {"code": box})
            return
        dialog.close()
        ui.navigate.to(f"{SERVICES}/{card.key}")

    button.on_click(run)
    dialog.open()


def _ask_remove(card: ServiceCard, code: CodeRow) -> None:
    async def confirm(reason: str) -> bool:
        order = RemoveCode(route_id=code.id, reason=reason)
        said = t("{code} ne mène plus ici.").format(code=code.code)
        is_done = await acts.do(ussd_services.remove_code, order, said=said)
        if is_done:
            ui.navigate.to(f"{SERVICES}/{card.key}")
        return is_done

    reason_dialog.reason_dialog(
        t("Retirer {code}").format(code=code.code),
        t("Qui composera ce code entendra « Service inconnu. » Les dialogues ouverts continuent."),
        act=t("Retirer le code"),
        confirm=confirm,
        is_danger=True,
    )


class _Behaviour:
    """How the dialogues of a service behave: read by everybody, changed by who may."""

    def __init__(self, card: ServiceCard, *, may_change: bool) -> None:
        self._card = card
        with cards.titled(t("Comportement")):
            if not may_change:
                show(self._facts())
                return
            with fields.form():
                self._draw()

    def _facts(self) -> Markup:
        card = self._card
        keys = t("{next} suite, {back} retour, {home} accueil").format(
            next=card.next_key, back=card.back_key, home=card.home_key
        )
        return facts.facts(
            [
                (t("Nom montré"), card.brand),
                (t("Touches"), keys),
                (t("Reprise"), t(RESUMES[card.resume])),
                (t("Accents repliés"), t("oui") if card.is_folded else t("non")),
                (t("Publier à deux"), t("oui") if card.needs_four_eyes else t("non")),
            ]
        )

    def _draw(self) -> None:
        card = self._card
        languages = {code: words.language(code) for code in ussd_services.LANGUAGES}
        resumes = {name: t(label) for name, label in RESUMES.items()}
        self._boxes: dict[str, Any] = {
            "name": fields.text(t("Nom du service"), value=card.name),
            "brand": fields.text(t("Nom montré sur le téléphone"), value=card.brand, hint=t("20 caractères au plus.")),
            "default_language": fields.choice(t("Langue par défaut"), languages, value=card.default_language),
            "resume": fields.choice(t("Après une coupure"), resumes, value=card.resume),
            "resume_ttl_s": fields.text(t("Reprise possible pendant (secondes)"), value=str(card.resume_ttl_s)),
            "most_refusals": fields.text(t("Saisies refusées avant la fin"), value=str(card.most_refusals)),
            "next_key": fields.text(t("Touche suite"), value=card.next_key),
            "back_key": fields.text(t("Touche retour"), value=card.back_key),
            "home_key": fields.text(t("Touche accueil"), value=card.home_key),
            "is_folded": fields.switch(t("Replier les accents qui coûtent la moitié de l'écran"), is_on=card.is_folded),
            "needs_four_eyes": fields.switch(
                t("Publier un menu demande une seconde personne"), is_on=card.needs_four_eyes
            ),
            "reason": fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit.")),
        }
        buttons.primary(t("Enregistrer"), self._save, icon="check")

    async def _save(self) -> None:
        boxes = {name: box for name, box in self._boxes.items() if not isinstance(box, ui.switch)}
        values: dict[str, Any] = {name: forms.written(box) for name, box in boxes.items()}
        values |= {name: bool(box.value) for name, box in self._boxes.items() if name not in boxes}
        order = forms.fill(ChangeService, boxes, service_id=self._card.id, **values)
        if order is None:
            return
        outcome = await shell.attempt(ussd_services.change_service, order)
        if isinstance(outcome, Refusal):
            forms.say(outcome, boxes)
            return
        if outcome is None:
            toasts.done(t("Enregistré. La prochaine étape le suit."))
        else:
            toasts.done(t("Enregistré. Publier seul attend l'accord d'une seconde personne."))
            ui.navigate.to(f"{SERVICES}/{self._card.key}")
