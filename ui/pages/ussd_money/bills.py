"""`/ussd-console/factures`: the billers and the airtime a menu offers, and whether somebody carries them now."""

from collections import defaultdict
from functools import partial

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission
from core.settings import get_settings
from models.merchants import AmountKind, BillerKind
from services import billers
from services.billers import BillerCard, MoveBiller, WriteBiller
from ui import forms, live, shell
from ui.components import buttons, cards, chips, dialogs, fields, layout, reason_dialog, toasts
from ui.components.decisions import Then
from ui.components.empty import sentence
from ui.labels import Sign, Tone, count, counted, t
from ui.markup import Markup, show, tag
from ui.pages.ussd import acts
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd_money import words

CONNECTORS = {"biller": "Factures", "airtime": "Crédit téléphonique"}
AMOUNTS = {"free": "Choisi par la personne", "due": "Donné par le facturier"}
KINDS = ("bill", "airtime")

ANSWERS = Sign("check_circle", "Répond", Tone.ACCENT)
RESTS = Sign("pause_circle", "Au repos", Tone.OCHRE)
NOBODY = Sign("cloud_off", "Sans connecteur", Tone.RED)


@shell.screen(words.BILLS, title="Factures et crédit", needs=Permission.USSD_READ)
async def page() -> None:
    """Draw the billers by country; their health follows the operators'."""
    drawn = _Page()
    await drawn.refresh()
    live.hub.subscribe(["transfers"], lambda _: drawn.refresh())


class _Page:
    def __init__(self) -> None:
        self._may_write = shell.visitor().may(Permission.USSD_MERCHANTS_WRITE)
        said = t("Ce que le menu propose de payer dehors, et qui le porte.")
        with layout.page_head(t("Factures et crédit"), said, crumbs=[("USSD", words.SECTION)]):
            if shell.visitor().may(Permission.PAYMENTS_READ):
                buttons.secondary(t("Santé des connecteurs"), href="/paiements/sante", icon="network_check")
            if self._may_write:
                buttons.primary(t("Ajouter"), lambda: ask(None, self.refresh), icon="add")
        self._place = layout.stack()

    async def refresh(self) -> None:
        """Read the list again."""
        rows = await shell.read(billers.list_billers)
        if rows is None:
            return
        by_country: dict[str, list[BillerCard]] = defaultdict(list)
        for row in rows:
            by_country[row.country].append(row)
        self._place.clear()
        with self._place:
            if not rows:
                with cards.card():
                    show(sentence(t("Aucun facturier. Le premier ajouté paraîtra au menu de son pays."), "receipt"))
            for country, found in by_country.items():
                with cards.titled(words.country(country), count=count(len(found)), is_flush=True, is_ruled=True):
                    for row in found:
                        self._draw(row)

    def _draw(self, row: BillerCard) -> None:
        with ui.element("div").classes("waiting-line biller-line"):
            show(_words(row), classes="waiting-asked")
            if not self._may_write:
                return
            buttons.secondary(t("Modifier"), partial(ask, row, self.refresh))
            word = t("Retirer du menu") if row.state == "active" else t("Proposer")
            buttons.secondary(word, partial(self._ask_move, row))

    def _ask_move(self, row: BillerCard) -> None:
        is_active = row.state == "active"
        name = row.name.get("fr", row.code)
        verb = billers.stop_biller if is_active else billers.offer_biller
        said = t("{name} est retiré du menu.") if is_active else t("{name} est de nouveau proposé.")

        async def confirm(reason: str) -> bool:
            order = forms.fill(MoveBiller, {}, biller_id=row.id, reason=reason)
            is_done = order is not None and await acts.do(verb, order, said=said.format(name=name))
            if is_done:
                await self.refresh()
            return is_done

        consequence = (
            t("Le prochain appel ne le montrera plus. Ce qui est parti continue.")
            if is_active
            else t("Le prochain appel le montrera de nouveau.")
        )
        act = (t("Retirer {name}") if is_active else t("Proposer {name}")).format(name=name)
        reason_dialog.reason_dialog(act, consequence, act=act, confirm=confirm)


def _words(row: BillerCard) -> Markup:
    paid = counted(row.paid_30_days, t("{count} payée en 30 jours"), t("{count} payées en 30 jours"))
    parts = [row.code, ussd_words.kind(row.kind)]
    if row.kind == BillerKind.BILL:
        parts += [t("référence comme {example}").format(example=row.example), t(AMOUNTS[row.amount_kind]).lower()]
    parts.append(paid)
    if row.unknown:
        parts.append(counted(row.unknown, t("{count} sort inconnu"), t("{count} sorts inconnus")))
    health = NOBODY if not row.carriers else ANSWERS if row.ready else RESTS
    return tag(
        "span",
        chips.tile_icon("receipt" if row.kind == BillerKind.BILL else "sim_card"),
        tag(
            "span",
            tag(
                "span",
                row.name.get("fr", row.code),
                chips.chip(words.BILLER_STATES[row.state]),
                chips.chip(health),
                class_="line-title biller-title",
            ),
            tag("span", " · ".join(parts), class_="line-detail"),
            class_="waiting-words",
        ),
        class_="waiting-asked-words",
    )


def _choices(names: dict[str, str]) -> dict[str, str]:
    return {code: t(word) for code, word in names.items()}


class _Form:
    """The fields of a biller; its code and kind are fixed once it exists."""

    def __init__(self, row: BillerCard | None) -> None:
        self._row = row
        names = row.name if row else {}
        self.boxes: dict[str, forms.Box] = {}
        if row is None:
            self.boxes["code"] = fields.text(t("Code"), hint=t("Majuscules : GAZ. Il ne changera plus."))
            self.boxes["kind"] = fields.choice(
                t("Genre"), {code: ussd_words.kind(code) for code in KINDS}, value="bill"
            )
            self.boxes["country"] = fields.text(t("Pays"), value=get_settings().ussd_country)
        self.boxes["name"] = fields.text(t("Nom en français"), value=names.get("fr", ""))
        self._english = fields.text(t("Nom en anglais"), value=names.get("en", ""))
        self._lingala = fields.text(t("Nom en lingala"), value=names.get("ln", ""))
        self.boxes["pattern"] = fields.text(
            t("Forme de la référence"), value=row.pattern if row else "^[0-9]{10}$", hint=t("Expression régulière.")
        )
        self.boxes["example"] = fields.text(t("Exemple"), value=row.example if row else "")
        connector = row.connector if row else "biller"
        self.boxes["connector"] = fields.choice(
            t("Connecteur"),
            _choices(CONNECTORS) | ({} if connector in CONNECTORS else {connector: connector}),
            value=connector,
        )
        self.boxes["amount_kind"] = fields.choice(
            t("Montant"), _choices(AMOUNTS), value=row.amount_kind if row else AmountKind.FREE.value
        )
        self.boxes["position"] = fields.text(t("Place au menu"), value=str(row.position if row else 0))

    def order(self) -> WriteBiller | None:
        """Return what is typed; None when something is wrong, which is then said."""
        values = {name: forms.written(box) for name, box in self.boxes.items()}
        values = {**self._fixed(), **values}
        french, english, lingala = values.pop("name"), forms.written(self._english), forms.written(self._lingala)
        named = {"fr": french, "en": english, "ln": lingala}
        if not french:
            fields.show_error(self.boxes["name"], t("À remplir."))
            return None
        kept = {language: text for language, text in named.items() if text}
        return forms.fill(WriteBiller, self.boxes, name=kept, **values)

    def _fixed(self) -> dict[str, str]:
        row = self._row
        return {} if row is None else {"code": row.code, "kind": row.kind, "country": row.country}


def ask(row: BillerCard | None, then: Then) -> None:
    """Open the dialog of a biller, new or known."""
    with dialogs.dialog(row.name.get("fr", row.code) if row else t("Ajouter un facturier")) as dialog, fields.form():
        form = _Form(row)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def run() -> None:
        order = form.order()
        if order is None:
            return
        verb = billers.change_biller if row else billers.create_biller
        done = await shell.attempt(verb, order)
        if isinstance(done, Refusal):
            forms.say(done, form.boxes)
            return
        toasts.done(t("Enregistré. Le prochain appel le montrera ainsi."))
        dialog.close()
        await then()

    button.on_click(run)
    dialog.open()
