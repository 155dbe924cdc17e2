"""How a Kannel does, read from its own `status.xml`. Call it off the event loop and outside any transaction."""

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from providers import http
from providers.http import NoAnswer

LONGEST_WAIT_S = 3.0
LARGEST_STATUS_BYTES = 256_000
OK = 200
DENIED = b"Denied</gateway>"  # Kannel's word to whoever does not know its status password; its state is 200
NO_STORE = "-1"


@dataclass(frozen=True, slots=True)
class Link:
    """One box, or one line to a network: its name, how it says it stands, and what waits in it."""

    name: str
    status: str
    queued: str
    failed: str = ""

    @property
    def is_up(self) -> bool:
        """Whether it says that it is connected."""
        return self.status.startswith(("on-line", "online"))


@dataclass(frozen=True, slots=True)
class KannelStatus:
    """What a Kannel tells of itself."""

    version: str
    status: str
    received: str
    sent: str
    waiting: str
    boxes: tuple[Link, ...]
    lines: tuple[Link, ...]

    @property
    def is_running(self) -> bool:
        """Whether it takes and sends messages."""
        return self.status.startswith("running")


@dataclass(frozen=True, slots=True)
class Silence:
    """No status. `is_heard`: whether somebody answered at all, `status` what, `is_denied`: it wants its password."""

    is_heard: bool
    status: int = 0
    is_denied: bool = False


def read(address: str) -> KannelStatus | Silence:
    """Ask a Kannel how it does."""
    outcome = http.exchange(
        "GET",
        address,
        headers={},
        content=None,
        read_timeout_s=LONGEST_WAIT_S,
        largest_answer_bytes=LARGEST_STATUS_BYTES,
    )
    if isinstance(outcome, NoAnswer):
        return Silence(is_heard=False)
    found = parse(outcome.body) if outcome.status == OK else None
    return found or Silence(is_heard=True, status=outcome.status, is_denied=DENIED in outcome.body)


def parse(body: bytes) -> KannelStatus | None:
    """Read a status; None when it is none. No document type and no entity is read."""
    if b"<!" in body:
        return None
    try:
        root = ET.fromstring(body)  # noqa: S314  # neither document type nor entity came this far
    except (ET.ParseError, ValueError):
        return None
    if root.tag != "gateway" or not _text(root, "status"):
        return None
    return KannelStatus(
        version=_text(root, "version").splitlines()[0].strip() if _text(root, "version") else "",
        status=_text(root, "status"),
        received=_text(root, "sms/received/total"),
        sent=_text(root, "sms/sent/total"),
        waiting=_text(root, "sms/storesize").replace(NO_STORE, ""),
        boxes=tuple(
            Link(_text(box, "id") or _text(box, "type"), _text(box, "status"), _text(box, "queue"))
            for box in root.iterfind("boxes/box")
        ),
        lines=tuple(
            Link(_text(line, "id") or _text(line, "name"), _text(line, "status"), _text(line, "queued"),
                 _text(line, "failed"))
            for line in root.iterfind("smscs/smsc")
        ),
    )  # fmt: skip


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
