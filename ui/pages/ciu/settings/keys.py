"""The keys that find people again: which versions there are, which writes, how many digests still need each."""

from collections.abc import Sequence

from services.ciu.store.settings import KeyRow
from ui.components import cards, chips
from ui.components.plain_tables import Head, Line, plain_table
from ui.labels import Sign, State, Tone, count, t
from ui.markup import show, tag

MISSING = Sign("error", "Absente", Tone.RED)
READS = Sign("key", "Lit seulement", Tone.NEUTRAL)


def draw(found: Sequence[KeyRow]) -> None:
    """Place the card of keys."""
    with cards.titled(t("Clés d'appariement"), is_flush=True, is_ruled=True):
        heads = (Head(t("Version"), is_number=False), Head(t("État"), is_number=False), Head(t("Empreintes")))
        lines = [Line(str(one.version), (_sign(one), count(one.rows))) for one in found]
        show(plain_table(heads, lines, label=t("Clés d'appariement")))
        hint = t(
            "Une version part quand plus rien n'en dépend, ou quand le nombre perdu est confirmé, service arrêté : "
        )
        show(tag("p", hint, tag("code", "./dev ciu keys retire", class_="code-inline"), class_="caption card-body"))


def _sign(one: KeyRow) -> str:
    if not one.is_loaded:
        return chips.chip(MISSING)
    return chips.chip(State.ACTIVE, t("Écrit et lit")) if one.is_newest else chips.chip(READS)
