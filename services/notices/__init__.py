"""Notices to many: written, tried on oneself, agreed by two, sent through the outbox in batches, stopped at once."""

from services.notices.inbox import opt_in, opt_out, read_latest, wants_sms
from services.notices.orders import (
    LONGEST_TEXT,
    MOST_NUMBERS,
    NobodyMeant,
    NoOwnPhone,
    NoticeNotFound,
    NoticeRow,
    NotTested,
    NotWorthSending,
    SaveNotice,
    SendNotice,
    TooLongForFlash,
)
from services.notices.outbox import BATCH, TOPIC, cancel_stopped, write_due
from services.notices.people import NetworkPreview, Preview
from services.notices.reads import Delivery, Progress, count_notices, get_notice, get_progress, list_notices
from services.notices.verbs import (
    list_flash_networks,
    preview_notice,
    save_notice,
    send_notice,
    stop_notice,
    test_notice,
)

__all__ = [
    "BATCH",
    "LONGEST_TEXT",
    "MOST_NUMBERS",
    "TOPIC",
    "Delivery",
    "NetworkPreview",
    "NoOwnPhone",
    "NobodyMeant",
    "NotTested",
    "NotWorthSending",
    "NoticeNotFound",
    "NoticeRow",
    "Preview",
    "Progress",
    "SaveNotice",
    "SendNotice",
    "TooLongForFlash",
    "cancel_stopped",
    "count_notices",
    "get_notice",
    "get_progress",
    "list_flash_networks",
    "list_notices",
    "opt_in",
    "opt_out",
    "preview_notice",
    "read_latest",
    "save_notice",
    "send_notice",
    "stop_notice",
    "test_notice",
    "wants_sms",
    "write_due",
]
