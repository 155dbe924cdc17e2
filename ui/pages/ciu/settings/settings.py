"""`/ciu/reglages`: each programme with its limits and its numbers, the connections and their test, the keys."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import ui

from core.permissions import Actor, Permission
from core.settings import Settings, get_settings
from models.ciu_leaving import LinkState
from services import provider_accounts
from services.ciu.dhis2 import connecting, links
from services.ciu.dhis2.connecting import Dhis2Row
from services.ciu.store import settings
from services.ciu.store.settings import KeyRow, ProgrammeRow
from services.provider_accounts import AccountRow
from ui import shell
from ui.components import buttons, cards, chips, filters, layout
from ui.components.facts import Fact, facts
from ui.labels import Sign, State, Tone, counted, t
from ui.markup import Markup, show, tag
from ui.pages.ciu.recipes import words
from ui.pages.ciu.settings import connections, dhis2, keys, new_programme, senders
from ui.pages.ciu.settings.programme_form import ProgrammeForm

SETTINGS = "/ciu/reglages"
ABSENT = Sign("block", "Absent", Tone.NEUTRAL)


@shell.screen(SETTINGS, title="Réglages des CIU", needs=Permission.CIU_ADMINISTER)
async def all_settings(programme: str = "") -> None:
    """Draw the settings of a programme (`programme` is its code) and those of the installation."""
    page = await shell.read(_read, programme)
    if page is None:
        return
    found, chosen = page.programmes, page.chosen
    said = t("Un programme répond à ses numéros, selon sa recette et ses limites.")
    with layout.page_head(t("Réglages des CIU"), said, crumbs=[("CIU", "/ciu")]):
        if len(found) > 1 and chosen is not None:
            names = {one.code: one.name for one in found}
            filters.choice(t("Programme"), names, _choose, value=chosen.code)
        buttons.secondary(t("Nouveau programme"), new_programme.ask, icon="add")
    with layout.grid():
        with layout.cell(7):
            if chosen is not None:
                _draw_recipe(chosen)
                ProgrammeForm(chosen).draw()
        with layout.cell(5):
            if chosen is not None:
                senders.draw(chosen, found)
            connections.draw(page.accounts)
            if chosen is not None and page.dhis2 is not None:
                dhis2.draw(chosen, page.dhis2, page.states)
            keys.draw(page.keys)
            _draw_installation(get_settings())


@dataclass(frozen=True, slots=True)
class _Page:
    """All that the page shows, as it stood at one moment."""

    programmes: list[ProgrammeRow]
    chosen: ProgrammeRow | None
    accounts: list[AccountRow]
    dhis2: Dhis2Row | None
    states: dict[LinkState, int]
    keys: list[KeyRow]


def _read(session: Any, actor: Actor, programme: str) -> _Page:
    found = settings.list_programmes(session, actor)
    chosen = next((one for one in found if one.code == programme), found[0] if found else None)
    return _Page(
        programmes=found,
        chosen=chosen,
        accounts=provider_accounts.list_accounts(session, actor),
        dhis2=connecting.get_dhis2(session, actor, chosen.code) if chosen else None,
        states=links.count_states(session, actor, chosen.code) if chosen else {},
        keys=settings.list_keys(session, actor),
    )


def _choose(code: str) -> None:
    ui.navigate.to(f"{SETTINGS}?programme={code}")


def _draw_recipe(row: ProgrammeRow) -> None:
    """Say what the programme asks: languages and consent are the recipe's, and so is the version of its text."""
    with cards.titled(t("Recette en service")):
        if not row.recipe:
            cards.notice(t("Rien n'est en service : ce programme ne répond pas."), tone="ochre", icon_name="warning")
        else:
            name = t("{recipe}, version {number}").format(recipe=words.name(row.recipe), number=row.recipe_version)
            path = f"{words.RECIPES}/{row.code}/{row.recipe}/{row.recipe_version}"
            show(
                facts(
                    [
                        (t("Recette"), tag("a", name, href=path)),
                        (t("Langues"), words.languages(row.languages)),
                        (t("Consentement"), words.value(row.consent)),
                        (t("Version du texte accepté"), str(row.recipe_version)),
                        (t("Codes"), counted(row.records, t("{count} code"), t("{count} codes"))),
                    ]
                )
            )
            show(tag("blockquote", row.consent_text, class_="quoted"))
        with layout.row():
            opening = partial(ui.navigate.to, f"{words.RECIPES}?programme={row.code}")
            buttons.secondary(t("Toutes les versions"), opening, icon="history")


def _draw_installation(kept: Settings) -> None:
    """Say what the server's variables hold; a secret only as there or not."""

    def given(value: object) -> Markup:
        return chips.chip(State.ACTIVE if value else ABSENT)

    lines: list[Fact] = [
        (t("Sel des codes"), given(kept.uic_salt.get_secret_value())),
        (t("Clé de scellement"), given(kept.ciu_data_key.get_secret_value())),
        (t("Jeton du nettoyage"), given(kept.ciu_cleanup_token.get_secret_value())),
        (t("Numéros scellés"), given(kept.ciu_phone_encryption)),
        (t("QR dans la conversation"), given(kept.enable_qr_code)),
        (t("Session"), counted(kept.session_timeout_minutes, t("{count} minute"), t("{count} minutes"))),
        (t("Adresse du webhook"), tag("code", kept.webhook_path, class_="code-inline")),
    ]
    with cards.titled(t("Serveur"), t("variables, lues au démarrage")):
        show(facts(lines))
        if kept.whatsapp_allow_unsigned:
            cards.notice(t("Messages non signés acceptés : développement seulement."), tone="red", icon_name="warning")
