"""What runs or waits for a decision, one line a batch: its bar, how far it is, and one button."""

from nicegui import ui

from core.permissions import Permission
from models.pension_stages import BatchStage
from services.pensions import reading
from services.pensions.reading import BatchSearch
from services.pensions.shapes import BatchRow
from services.pensions.stages import AT_WORK, BEFORE_SENDING
from ui import live, shell
from ui.components import cards, figures, waiting
from ui.components.progress import bar
from ui.labels import count, percent, t
from ui.markup import Markup, join, show, tag
from ui.pages.pensions import parts, words
from ui.pages.pensions.board import TOPICS

EVERY_S = 1.0
MOST = 20
URGENCIES = {BatchStage.QUEUED: 2, BatchStage.AWAITING_APPROVAL: 3, BatchStage.DRAFT: 4}


class UnderWay:
    """The card of open batches; it is not there while there is none."""

    def __init__(self) -> None:
        self._card: ui.element | None = None
        self._head: ui.html | None = None
        self._list: ui.html | None = None

    async def draw(self) -> None:
        """Place the card where the page stands now."""
        with cards.card(is_flush=True) as self._card:
            self._head = show(Markup(), classes="card-head card-head-ruled")
            self._list = show(Markup())
        self._card.set_visibility(False)
        await self._refresh()
        live.subscribe(TOPICS, lambda _: self._refresh(), every_s=EVERY_S)

    async def _refresh(self) -> None:
        search = BatchSearch(stages=(*AT_WORK, *BEFORE_SENDING))
        found = await shell.read(reading.list_batches, search, limit=MOST)
        if found is None or self._card is None or self._head is None or self._list is None:
            return
        self._card.set_visibility(bool(found.batches))
        self._head.set_content(cards.head(t("À suivre"), count=count(found.total)))
        lines = [_line(batch) for batch in sorted(found.batches, key=_urgency)]
        self._list.set_content(waiting.waiting_list(lines))


def _urgency(batch: BatchRow) -> int:
    """Return what comes first: what this person decides, what runs, what waits for somebody else, then drafts."""
    if batch.stage is BatchStage.AWAITING_APPROVAL and _may_decide(batch):
        return 0
    return URGENCIES.get(batch.stage, 1)


def _line(batch: BatchRow) -> waiting.Waiting:
    sign = words.stage(batch)
    is_decision = batch.stage is BatchStage.AWAITING_APPROVAL and _may_decide(batch)
    return waiting.Waiting(
        words.title(batch),
        _detail(batch),
        _action(batch, is_decision=is_decision),
        words.BATCH.format(batch.bulk_id),
        sign.icon,
        sign.tone,
        figures.amount(batch.money(batch.total.amount_minor)),
        words.payments(batch.total.count),
        is_decision=is_decision,
    )


def _action(batch: BatchRow, *, is_decision: bool) -> str:
    if is_decision:
        return t("Examiner")
    if batch.stage is not BatchStage.DRAFT:
        return t("Suivre")
    is_sender = shell.visitor().may(Permission.PENSIONS_WRITE, batch.organisation_id)
    return t("Continuer") if is_sender else t("Voir")


def _detail(batch: BatchRow) -> str | Markup:
    word = t(words.stage(batch).word)
    if batch.stage in BEFORE_SENDING:
        return t("{state}, déposé par {name}").format(state=word, name=batch.created_by.name)
    return join(tag("span", f"{word}, {percent(batch.progress_percent / 100)}"), bar(parts.parts(batch), label=word))


def _may_decide(batch: BatchRow) -> bool:
    actor = shell.visitor()
    hands = {one.user_id for one in (batch.created_by, batch.confirmed_by) if one is not None}
    return actor.may(Permission.PENSIONS_APPROVE, batch.organisation_id) and actor.user_id not in hands
