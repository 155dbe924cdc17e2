"""`/ciu/codes`: every code, found by what is typed of it, by day, language or recipe; numbers masked."""

from datetime import date

from core.permissions import Permission
from services.ciu.store import records
from services.ciu.store.conversations import TOPIC
from services.ciu.store.records import RecordRow, RecordSearch
from services.ciu.typed import Shape, TypedCode
from ui import live, shell
from ui.components import buttons, cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column, Day, Filter
from ui.labels import Sign, Tone, count, moment, t
from ui.markup import Markup, show
from ui.pages.ciu import words

EVERY_S = 5.0
SHAPES = {
    Shape.WHOLE: Sign("check_circle", "Code complet et juste", Tone.ACCENT),
    Shape.PART: Sign("edit", "Début de code", Tone.NEUTRAL),
    Shape.WRONG_CHECK: Sign("error", "Symbole de contrôle faux : relisez le code", Tone.RED),
}
JOINED = Sign("merge", "Réuni", Tone.NEUTRAL)


@shell.screen(words.CODES, title="Codes", needs=Permission.CIU_ACT)
async def codes(code: str = "") -> None:
    """Draw the list; `code` looks for one at once."""
    said = t("Un code, une personne. Aucun nom derrière.")
    with layout.page_head(t("Codes"), said, crumbs=[("CIU", words.HOME)]):
        buttons.secondary(t("Fichiers"), href=words.FILES, icon="file_export")
    keys = await shell.read(records.list_recipe_keys) or []
    page = _Codes()
    page.draw(keys, code)
    live.subscribe([TOPIC], lambda _: page.table.load(), every_s=EVERY_S)


class _Codes:
    """The table and, above it, what the typed code was read as."""

    table: tables.Table

    def draw(self, keys: list[str], code: str) -> None:
        """Place both."""
        self._typed = show(Markup(), classes="typed-code").props("role=status aria-live=polite")
        self._typed.set_visibility(False)
        with cards.card(is_flush=True):
            self.table = tables.Table(
                "ciu-codes",
                [
                    Column("code", t("Code"), "name"),
                    Column("state", t("État"), "chip", is_on_phone=False, is_shown=False),
                    Column("phone", t("Numéro"), is_on_phone=False),
                    Column("people", t("Numéros liés"), "number", is_on_phone=False, is_on_tablet=False),
                    Column("language", t("Langue"), is_on_phone=False),
                    Column("recipe", t("Recette"), is_on_phone=False, is_on_tablet=False),
                    Column("source", t("Origine"), is_on_phone=False, is_on_tablet=False, is_shown=False),
                    Column("at", t("Créé le"), "time", is_on_phone=False),
                ],
                self._source,
                search=t("Code, ou son début"),
                choices=[
                    Filter("language", t("Langue"), words.LANGUAGES),
                    Filter("recipe", t("Recette"), {key: key for key in keys}),
                    Day("since", t("Du")),
                    Day("until", t("Au")),
                ],
                first=Ask(search=code),
                empty=t("Aucun code encore. Le premier paraîtra ici dès qu'une personne aura fini la conversation."),
            )

    async def _source(self, ask: Ask) -> Answer | None:
        found = await shell.read(records.list_records, _search(ask), limit=ask.limit, offset=ask.offset)
        if found is None:
            return None
        self._say(found.typed)
        return Answer([_row(row) for row in found.rows], found.total)

    def _say(self, typed: TypedCode | None) -> None:
        if self._typed.is_deleted:
            return
        self._typed.set_visibility(typed is not None)
        self._typed.set_content(chips.chip(SHAPES[typed.shape]) if typed else Markup())


def _search(ask: Ask) -> RecordSearch:
    return RecordSearch(
        code=ask.search,
        since=_day(ask.filters.get("since", "")),
        until=_day(ask.filters.get("until", "")),
        language=ask.filters.get("language", ""),
        recipe=ask.filters.get("recipe", ""),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _row(row: RecordRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "code": row.code,
            "state": chips.cell(JOINED) if row.stands_as else "",
            "phone": row.phone,
            "people": count(row.people),
            "language": words.language(row.language),
            "recipe": row.recipe,
            "source": words.source(row.source),
            "at": moment(row.created_at),
        },
        href=words.CODE.format(row.id),
        under=t("mène à {code}").format(code=row.stands_as) if row.stands_as else "",
        phone_under=f"{moment(row.created_at)}, {words.language(row.language)}",
    )
