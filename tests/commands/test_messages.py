"""`./dev messages`: keys for browsers."""

import pytest

from commands.parser import main


def test_a_pair_of_keys_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["messages", "vapid-keys"]) == 0
    lines = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines() if "=" in line)
    assert (len(lines["VAPID_PRIVATE_KEY"]), len(lines["VAPID_PUBLIC_KEY"])) == (43, 87)
