"""The configuration we ship: complete, and none of its guards gone."""

import re
from pathlib import Path

import pytest

from tests.kannel.boxes import SHIPPED, NotRenderedError, command_of, render

GIVEN = {
    "ADMIN_PASSWORD": "a" * 16,
    "STATUS_PASSWORD": "b" * 16,
    "SENDSMS_PASSWORD": "c" * 16,
    "SMS_CALLBACK": "https://gw:basic@palabre.example/g/kannel-sms/secret",
    "USSD_CALLBACK": "https://palabre.example/g/kannel-ussd/secret",
    "SMS_HOST": "192.0.2.1",
    "SMS_SYSTEM_ID": "palabre",
    "SMS_PASSWORD": "one",
    "USSD_HOST": "192.0.2.2",
    "USSD_SYSTEM_ID": "palabre",
    "USSD_PASSWORD": "two",
}


def values(**changes: str) -> dict[str, str]:
    """Fill in the example we ship."""
    lines = (SHIPPED / "kannel.env.exemple").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {*GIVEN} <= {*example}
    return {**example, **GIVEN, **changes}


def groups(conf: str) -> list[dict[str, str]]:
    """Read Kannel's own grammar: groups end at an empty line, `#` begins a comment line."""
    parts = re.split(r"\n\s*\n", "\n".join(line for line in conf.splitlines() if not line.startswith("#")))
    pairs = [[line.partition(" = ") for line in part.splitlines() if line] for part in parts]
    return [{name: value.strip('"') for name, _, value in part} for part in pairs if part]


@pytest.mark.parametrize("is_trial", [False, True])
def test_the_example_filled_in_gives_a_configuration(tmp_path: Path, *, is_trial: bool) -> None:
    conf = render(tmp_path, values(FAKE_SMSC_PORT="10000"), is_trial=is_trial)
    assert "$" not in conf
    kinds = [group["group"] for group in groups(conf)]
    assert kinds == ["core", "smpp-tlv", "smpp-tlv", "smsc", "smsc", "smsbox", "sendsms-user", *["sms-service"] * 2]


def test_no_guard_is_gone(tmp_path: Path) -> None:
    core, service_op, session, sms, ussd, smsbox, user, by_sms, by_ussd = groups(render(tmp_path, values()))
    everything = {name for group in (core, sms, ussd, smsbox, user, by_sms, by_ussd) for name in group}
    assert not everything & {"smsbox-id", "global-sender", "alt-charset", "store-file", "store-location", "log-file"}
    assert not {"%a", "%b", "%A", "%B"} & {*re.findall("%[a-zA-Z]", core["access-log-format"])}
    assert "access-log" not in smsbox
    assert (core["log-level"], smsbox["log-level"], smsbox["http-request-retry"]) == ("2", "2", "0")
    assert [sms["allowed-smsc-id"], ussd["allowed-smsc-id"]] == [sms["smsc-id"], ussd["smsc-id"]] == ["SMS1", "USSD1"]
    assert ussd["max-sms-octets"] == "160"
    assert [service_op["tag"], session["tag"]] == ["0x0501", "0x1383"]
    for service in (by_sms, by_ussd):
        assert service["keyword"] == "default"
        assert {service[name] for name in ("assume-plain-text", "omit-empty", "catch-all")} == {"true"}
        assert "text=%b" in service["get-url"]
    assert (by_sms["max-messages"], by_ussd["max-messages"]) == ("3", "1")


@pytest.mark.parametrize("name", ["bearerbox", "smsbox"])
def test_the_units_keep_texts_out_of_the_journal(name: str) -> None:
    assert command_of(name) == [f"/usr/sbin/{name}", "-v", "4"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USSD_HOST", ""),
        ("USSD_PASSWORD", 'a"b'),
        ("USSD_PASSWORD", "a b"),
        ("USSD_PASSWORD", "a$b"),
        ("ADMIN_PASSWORD", "short"),
        ("SMS_CALLBACK", "https://palabre.example/"),
        ("USSD_CALLBACK", "https://palabre.example/g/kannel-ussd/secret?x=1"),
        ("USSD_CALLBACK", "https://palabre.example/g/kannel-ussd/%62"),
    ],
)
def test_a_value_kannel_would_misread_is_refused_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(NotRenderedError, match=rf"^Configuration non écrite\.\n{name} : "):
        render(tmp_path, values(**{name: value}))
