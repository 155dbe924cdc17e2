"""`/mon-point-de-vente`: the agent's own page, made for his phone; an operator reads the same under his code."""

from core.errors import NotFound
from core.permissions import Permission
from services import merchant_days, merchants
from services.merchant_days import MerchantDay
from ui import live, shell
from ui.components import cards, chips, layout
from ui.components.empty import empty
from ui.labels import long_day, t, zone
from ui.markup import Markup, show
from ui.pages.ussd_money import day, words


@shell.screen(words.OWN, title="Mon point de vente", needs=Permission.PROFILE)
async def own() -> None:
    """Draw the day of the point of sale this person owns."""
    mine = await shell.read(merchants.find_own)
    if mine is None:
        layout.title(t("Mon point de vente"))
        empty(t("Aucun point de vente n'est à votre nom. Le service client en ouvre un avec vous."), icon="storefront")
        return
    await _draw(mine.code, is_own=True)


@shell.screen(f"{words.MERCHANTS}/{{code}}/journee", title="Journée d'un point de vente", needs=Permission.USSD_READ)
async def seen(code: str) -> None:
    """Draw the same day for an operator."""
    await _draw(code, is_own=False)


async def _draw(code: str, *, is_own: bool) -> None:
    found = await shell.read(merchant_days.get_day, code, zone())
    if found is None:
        raise NotFound(thing="merchant")
    merchant = found.merchant
    crumbs = (
        () if is_own else [(t("Marchands et agents"), words.MERCHANTS), (merchant.name, f"{words.MERCHANTS}/{code}")]
    )
    said = t("Code {code} · {day}").format(code=merchant.code, day=long_day(found.at))
    layout.title(merchant.name, said, crumbs=crumbs, chip=chips.chip(words.MERCHANT_STATES[merchant.state]))
    if merchant.state == "suspended":
        cards.notice(
            t("Ce point de vente est suspendu : son code ne reçoit plus rien."), tone="ochre", icon_name="pause"
        )
    place = _Day(code)
    place.draw(found)
    live.hub.subscribe(["ledger"], lambda _: place.refresh())


class _Day:
    """The parts that follow the money."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._head = show(Markup())
        with layout.grid():
            with layout.cell(8), cards.titled(t("Opérations du jour"), is_flush=True, is_ruled=True, is_live=True):
                self._lines = show(Markup())
            with layout.cell(4), cards.titled(t("Par genre"), is_flush=True, is_ruled=True):
                self._parts = show(Markup())

    def draw(self, found: MerchantDay) -> None:
        """Draw the day as it is now."""
        self._head.set_content(day.head(found))
        self._parts.set_content(day.parts(found))
        self._lines.set_content(day.lines(found))

    async def refresh(self) -> None:
        """Read the day again."""
        found = await shell.read(merchant_days.get_day, self._code, zone())
        if found is not None:
            self.draw(found)
