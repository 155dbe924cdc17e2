"""What no gateway sends by itself: each is refused or written harmlessly, none makes the house fail."""

from typing import Any

import pytest

from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.decoding import Place
from channels.ussd.profiles.wire import Outgoing, Unreadable, WireRequest
from core import clock
from core.errors import InvalidInput

PLACE = Place("CM", ("*155#",))
BOMB = """<?xml version="1.0" encoding="UTF-16"?>
<!DOCTYPE ussd [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<ussd><msisdn>237699000001</msisdn><sessionid>1</sessionid><type>1</type><msg>&b;</msg></ussd>"""


def xml(body: bytes) -> WireRequest:
    return WireRequest("POST", headers={"content-type": "text/xml"}, body=body)


def nalo(**changed: Any) -> dict[str, Any]:
    fields = {"USERID": "U", "MSISDN": "237699000001", "USERDATA": "*155#", "MSGTYPE": True, "SESSIONID": "n1"}
    return fields | changed


@pytest.mark.parametrize(
    "body",
    [BOMB.encode("utf-16"), BOMB.encode("utf-8"), b'<?xml version="1.0" encoding="nothing-known"?><ussd/>'],
    ids=["entities in UTF-16", "entities", "unknown encoding"],
)
def test_no_document_type_and_no_strange_encoding_is_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        BUILT_IN["truroute"].read(xml(body))


@pytest.mark.parametrize("key", [[1], {"a": 1}, "\ud800", "a\x00b", "k" * 101], ids=repr)
def test_a_key_that_is_none_is_refused_where_none_need_come(key: object) -> None:
    contract = BUILT_IN["nalo"]
    with pytest.raises(InvalidInput):
        contract.decode(nalo(SESSIONID=key), PLACE, clock.now())
    assert contract.decode(nalo(SESSIONID=None), PLACE, clock.now()).session_key == "+237699000001"


def test_what_an_answer_repeats_is_always_writable() -> None:
    contract = BUILT_IN["nalo"]
    turn = contract.decode(nalo(USERID="\ud800"), PLACE, clock.now())
    assert '"USERID":"?"' in contract.encode(Outgoing("Bonjour", has_more=True, turn=turn)).body.decode()


def test_a_query_writes_no_header_of_ours() -> None:
    contract = BUILT_IN["kannel_ussd"]
    query = "from=237699000001&to=*155%23&text=*155%23&id=i1&op=%01&sess.goes_on=%0D%0AX-Evil:%20yes&sess.number=3"
    fields = contract.read(WireRequest("GET", query=query))
    assert not any(name.startswith("sess.") for name in fields)
    headers = contract.encode(Outgoing("Bonjour", has_more=True, turn=contract.outline(fields))).headers
    assert all(value.isascii() and value.isprintable() for value in headers.values())


def test_a_line_end_that_a_request_brought_stays_out_of_the_headers() -> None:
    contract = BUILT_IN["kannel_ussd"]
    answer = Outgoing("Bonjour", has_more=True, turn=contract.outline({"sess.goes_on": "\r\nX-Evil: yes\u20ac"}))
    assert "?its_session_info=??X-Evil: yes?" in "".join(contract.encode(answer).headers.values()).replace("&", "?")


@pytest.mark.parametrize("profile", sorted(BUILT_IN))
def test_no_text_writes_the_secret_address_of_an_account(profile: str) -> None:
    contract = BUILT_IN[profile]
    mark = "urn:palabre:callback-address"
    innocent = Outgoing("x", has_more=True, options=(("1", "x"),), title="x", screen="x")
    curious = Outgoing(mark, has_more=True, options=(("1", mark),), title=mark, screen=mark)
    links = contract.encode(innocent).at("/g/a/SECRET").count(b"SECRET")
    assert contract.encode(curious).at("/g/a/SECRET").count(b"SECRET") == links
