"""The XML that answers Twilio: a text in at most three messages, a picture beside one, or nothing."""

import re
from xml.sax.saxutils import escape

from providers.messaging.answers import split_text
from providers.messaging.twilio import LONGEST_TEXT

MEDIA_TYPE = "application/xml; charset=utf-8"
MOST_MESSAGES = 3

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

NOTHING = f"{_HEAD}<Response/>"


def render(text: str, media_url: str = "") -> str:
    """Return the answer; an empty text is no answer at all."""
    clean = _ILLEGAL.sub("", text)
    if not clean:
        return NOTHING
    parts = [escape(part) for part in split_text(clean, LONGEST_TEXT)[:MOST_MESSAGES]]
    messages = [f"<Message>{part}</Message>" for part in parts]
    if media_url:
        messages[-1] = f"<Message><Body>{parts[-1]}</Body><Media>{escape(media_url)}</Media></Message>"
    return f"{_HEAD}<Response>{''.join(messages)}</Response>"
