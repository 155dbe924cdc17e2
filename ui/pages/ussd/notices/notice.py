"""`/ussd-console/notifications/{notice_id}`: a draft is written, any other shows how far it went."""

from core.errors import NotFound
from core.ids import parse_id
from core.permissions import Permission
from models.notices import NoticeState
from services import notices as service
from ui import shell
from ui.pages.ussd.notices import words
from ui.pages.ussd.notices.composer import Composer
from ui.pages.ussd.notices.progress import draw_progress


@shell.screen(words.NOTICES + "/{notice_id}", title="Notification", needs=Permission.USSD_READ)
async def notice(notice_id: str) -> None:
    """Draw one notice as its state asks."""
    if notice_id == words.NEW:
        shell.visitor().require(Permission.USSD_NOTICES_WRITE)
        await Composer(None).draw()
        return
    key = parse_id(notice_id)
    if key is None:
        raise NotFound(thing="notice")
    row = await shell.read(service.get_notice, key)
    if row is None:
        return
    if row.state == NoticeState.DRAFT:
        await Composer(row).draw()
    else:
        await draw_progress(row)
