"""A real Kannel between two networks of ours and the application, one a test process."""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from providers.fakes.accounts import account_of
from tests.kannel.application import Place
from tests.kannel.boxes import Boxes, free_ports
from tests.kannel.networks import SmsNetwork, UssdNetwork

SMS_SECRET, USSD_SECRET, BASIC = "s" * 40, "u" * 40, "gw:basic-password"
PROGRAMS = ("bearerbox", "smsbox")


@dataclass
class Line:
    """Everything between a phone and us."""

    boxes: Boxes
    place: Place
    sms: SmsNetwork
    ussd: UssdNetwork


@pytest.fixture(scope="session")
def _line(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    missing = [name for name in PROGRAMS if shutil.which(name, path="/usr/sbin:/usr/bin") is None]
    if missing:
        message = f"KANNEL ABSENT ({', '.join(missing)}) : apt-get install kannel. Rien de Kannel n'est prouvé ici."
        if request.config.option.markexpr != "not slow":  # the nightly run proves everything, or fails
            pytest.fail(message)
        warnings.warn(message, stacklevel=1)
        pytest.skip(message)
    folder: Path = tmp_path_factory.mktemp("kannel")
    place, fake = Place(), account_of("kannel")
    port = free_ports(1)[0]
    base = place.url.replace("http://", f"http://{BASIC}@")
    boxes = Boxes(
        folder,
        {
            "ADMIN_PASSWORD": "a" * 16,
            "STATUS_PASSWORD": "t" * 16,
            "SENDSMS_USER": str(fake.settings["username"]),
            "SENDSMS_PASSWORD": fake.secrets["password"],
            "SMS_CALLBACK": f"{base}/g/kannel-sms/{SMS_SECRET}",
            "USSD_CALLBACK": f"{base}/g/kannel-ussd/{USSD_SECRET}",
            "USSD_HOST": "127.0.0.1",
            "USSD_PORT": str(port),
            "USSD_SYSTEM_ID": "palabre",
            "USSD_PASSWORD": "pw",
        },
    )
    with ExitStack() as stack:
        stack.callback(place.close)
        ussd = stack.enter_context(UssdNetwork(port))
        stack.callback(boxes.stop)
        boxes.start()
        sms = SmsNetwork(boxes.fake_port)
        stack.callback(boxes.wait_for_link, "SMS1", "re-connecting")  # a bearerbox told to end just then does not hear
        stack.callback(sms.go_away)
        ussd.wait_until_bound()
        for name in ("SMS1", "USSD1"):
            boxes.wait_for_link(name)
        yield Line(boxes, place, sms, ussd)


@pytest.fixture
def line(_line: Line) -> Line:
    """Give the line, quiet before and after, nobody at our end yet."""
    _line.place.app = None
    _line.ussd.trace.clear()
    _line.ussd.screens.clear()
    return _line
