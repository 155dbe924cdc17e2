"""`./dev sandbox`: it describes itself in one line, moves money over HTTP, and leaves nothing behind."""

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


@contextmanager
def sandbox(*arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    environment = {**os.environ, **variables}
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, str(ROOT / "main.py"), "sandbox", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
        line = process.stdout.readline() if ready else ""
        assert line, process.stderr.read() if process.stderr and process.poll() is not None else "silent"
        yield process, json.loads(line)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def family(pid: int) -> set[int]:
    """Return a process and all its descendants."""
    children: dict[int, set[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), set()).add(int(path.parent.name))
    found, new = set(), {pid}
    while new:
        found |= new
        new = set().union(*(children.get(parent, set()) for parent in new)) - found
    return found


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if (status := _state(pid)) and status != "Z"}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def folder_of(description: dict[str, Any]) -> Path:
    host = parse_qs(urlsplit(description["database_url"]).query)["host"][0]
    return Path(host).parents[1]


def call(base_url: str, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=10)
    payload = None if body is None else json.dumps(body)
    connection.request(method, path, payload, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    status, text = answer.status, answer.read()
    connection.close()
    return status, json.loads(text)


def dial(base_url: str, phone: str, *answers: str) -> list[str]:
    session = f"t-{phone}-{time.monotonic_ns()}"
    shown = []
    for answer in answers:
        status, body = call(base_url, "POST", "/ussd/", {"sessionid": session, "msisdn": phone, "message": answer})
        assert status == 200
        shown.append(body["message"])
    return shown


def test_a_sandbox_serves_two_phones_and_leaves_nothing_behind() -> None:
    with sandbox("--seed", "5", API_KEY="a-key-of-ones-own-0123456789") as (process, told):
        base_url, folder, pids = told["base_url"], folder_of(told), family(process.pid)
        assert folder.is_dir()
        assert len(pids) > 2
        assert set(told) == {
            "base_url", "database_url", "api_key", "users", "wallets", "secrets", "gateways", "fakes",
        }  # fmt: skip
        assert told["api_key"] == "a-key-of-ones-own-0123456789"
        assert call(base_url, "GET", "/health")[1]["database"] == "ok"

        held = Counter(wallet["currency"] for wallet in told["wallets"] if wallet["balance_minor"] > 50_000)
        assert held["XAF"] >= 10
        assert held["XOF"] >= 10
        assert all(wallet["balance_minor"] > 0 for wallet in told["wallets"])
        assert "+237699000006" not in {wallet["msisdn"] for wallet in told["wallets"]}, "Marie Essomba is suspended"

        payer, payee = [wallet for wallet in told["wallets"] if wallet["currency"] == "XAF"][1:3]
        screens = dial(base_url, payer["msisdn"], "", "1", payee["msisdn"], "5000", "1", payer["pin"])
        assert screens[3].endswith("Montant: 5 000 FCFA\nFrais: 50 FCFA\nTotal: 5 050 FCFA\n1. Confirmer\n0. Annuler")
        assert screens[-1].startswith("Transfert de 5 000 FCFA à ")
        left = f"{payer['balance_minor'] - 5_050:,}".replace(",", " ")
        assert f"Solde {left} FCFA." in screens[-1]

        dakar = next(wallet for wallet in told["wallets"] if wallet["msisdn"].startswith("+221"))
        whole = f"{dakar['balance_minor']:,}".replace(",", " ")
        assert dial(base_url, dakar["msisdn"], "*156#", "6", dakar["pin"])[-1] == f"Votre solde est de {whole} FCFA"

        roles = {(user["role"], user["scope"]) for user in told["users"]}
        assert {("admin", "platform"), ("operateur", "ussd"), ("GESTIONNAIRE", "organisation:CNSS-BJ")} <= roles
        for user in told["users"]:
            bearer = f"Bearer {user['token']}"
            assert call(base_url, "GET", "/api/auth/me", Authorization=bearer)[1]["email"] == user["email"]
        operator = next(user for user in told["users"] if user["scope"] == "ussd")
        status, figures = call(base_url, "GET", "/ussd/stats", Authorization=f"Bearer {operator['token']}")
        assert (status, figures["total_sessions"] > 5_000) == (200, True)

        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
        assert process.stdout is not None
        assert process.stdout.read() == "", "one line, and nothing else"
        assert not folder.exists()
        assert alive(pids) == set()


@pytest.mark.slow
def test_a_sandbox_ends_in_order_when_it_is_interrupted() -> None:
    with sandbox() as (process, told):
        folder, pids = folder_of(told), family(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert not folder.exists()
        assert alive(pids) == set()
