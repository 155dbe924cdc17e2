"""Gateways: three that serve, with their last exchanges; one paused of each kind, to see what may be connected."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import select

from channels.ussd import gateways, recorder
from channels.ussd.gateways import Gateway
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.calling import Said, write
from channels.ussd.profiles.wire import Outgoing
from channels.ussd.turn import Answer
from commands.demo.chance import Chance
from core.database import Session
from core.masking import DOTS
from core.security import digest_token, new_token
from models.ussd import SwitchState, UssdGateway, UssdRoute, UssdService
from services import wire_records
from services.wire_records import Noted

DOCUMENTED = frozenset({"doc_a", "doc_b"})
CODES = {"kannel_sms": "8080"}
COUNTRIES = {"orange_xhtml": "CI", "mtn_madapi": "CI", "kannel_sms": "CM", "kannel_ussd": "CM", "infobip": "CM"}
DIALOGUES = 12
PAUSE_S = 5 * 60


class Serving(NamedTuple):
    """An account that serves: how it speaks, where its calls come from, and what its vendor has confirmed."""

    key: str
    name: str
    profile: str
    country: str
    code: str
    networks: tuple[str, ...]
    phone: str
    answered: dict[str, tuple[str, str]]


SERVING = (
    Serving(
        "at-cameroun", "Africa's Talking, Cameroun", "africastalking", "CM", "*384*155#", ("198.51.100.0/28",),
        "+2376770000{:02}", {"star": ("Elle est gardée telle quelle.", "Grace W., support")},
    ),
    Serving(
        "mtn-cameroun", "MTN Cameroun", "mtn_madapi", "CM", "*155#", ("203.0.113.16/29",),
        "+2376770000{:02}", {"retry": ("Jamais : l'appel tombe.", "Équipe MADAPI")},
    ),
    Serving(
        "orange-cameroun", "Orange Cameroun", "orange_xhtml", "CM", "#155#", (), "+2376990000{:02}", {},
    ),
)  # fmt: skip
WALK = (
    ("", "PerfectPay\n1. Transfert\n2. Solde\n3. Retrait\n4. Mon compte", True),
    ("2", "Code PIN pour consulter votre solde:", True),
    (DOTS, "Votre solde est de 48 500 FCFA. 0. Accueil", False),
)


def open_paused(session: Session, country: str) -> None:
    """Open an account of every profile but the two that serve `/ussd`; nobody knows their secrets."""
    wallet = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
    for name, contract in BUILT_IN.items():
        if name in DOCUMENTED:
            continue
        place = COUNTRIES.get(name, country)
        key = f"essai-{name.replace('_', '-')}"
        account = _account(key, contract.profile.title, name, place, wallet, SwitchState.STOPPED)
        _add(session, account, CODES.get(name, "*155#"), wallet)


def open_serving(session: Session, chance: Chance, now: datetime) -> None:
    """Open the accounts that serve, and write what went over their wires in the last hour, as the recorder would."""
    wallet = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
    for one in SERVING:
        account = _account(one.key, one.name, one.profile, one.country, wallet, SwitchState.LIVE)
        account.networks = list(one.networks)
        said_on = (now - timedelta(days=20)).date().isoformat()
        answers = {
            key: {"answer": answer, "contact": who, "on": said_on} for key, (answer, who) in one.answered.items()
        }
        account.options = {"vendor_answers": answers}
        _add(session, account, one.code, wallet)
        gateway = Gateway(
            account.id, one.key, one.profile, one.country, {}, wallet.id, has_anonymous_browse=False, codes=(one.code,)
        )
        wire_records.write(session, list(_exchanges(gateway, one, chance, now)))
    gateways.forget()


def _account(key: str, name: str, profile: str, country: str, service: UssdService, state: SwitchState) -> UssdGateway:
    return UssdGateway(
        key=key,
        name=name,
        profile=profile,
        country=country,
        secret_digests=[digest_token(new_token())],
        default_service_id=service.id,
        state=state,
    )


def _add(session: Session, account: UssdGateway, code: str, service: UssdService) -> None:
    session.add(account)
    session.flush()
    session.add(UssdRoute(gateway_id=account.id, code=code, service_id=service.id))
    session.flush()


def _exchanges(gateway: Gateway, one: Serving, chance: Chance, now: datetime) -> Iterator[Noted]:
    """Walk the same few screens from several phones, through the profile itself; some hang up, one comes too late."""
    for number in range(DIALOGUES):
        begun = now - timedelta(seconds=PAUSE_S * number + chance.uniform(20, PAUSE_S / 2))
        phone, session_key = one.phone.format(number + 1), f"{chance.getrandbits(48):012x}"
        length = 1 if number % 4 == 3 else len(WALK)  # noqa: PLR2004  # every fourth hangs up at once
        for turn, (_, screen, has_more) in enumerate(WALK[:length]):
            at = begun + timedelta(seconds=7 * turn)
            typed = tuple(each for each, _, _ in WALK[1 : turn + 1])
            kind = "continue" if turn else "begin"
            said = Said(kind, session_key, phone, one.code, at, typed, turn)
            is_late = number == DIALOGUES - 2 and turn == len(WALK) - 1
            yield _exchange(gateway, said, Outgoing(screen, has_more), chance, is_late=is_late)


def _exchange(gateway: Gateway, said: Said, screen: Outgoing, chance: Chance, *, is_late: bool) -> Noted:
    contract = gateway.contract
    request = write(contract.profile, said)
    fields = contract.read(request)
    turn = contract.decode(fields, gateway.place, said.at)
    wire = contract.encode(Outgoing(screen.text, screen.has_more, turn=turn, is_first=said.kind == "begin"))
    typed = "*".join(said.typed) if contract.is_cumulative else (said.typed or ("",))[-1]
    outcome = "late" if is_late else "continue" if screen.has_more else "end"
    answer = Answer(wire, outcome, screen.text, screen.has_more, typed=typed, turn_number=said.turn + 1)
    names = {name: len(str(value)) for name, value in fields.items()}
    exchange = recorder.describe(gateway, request.method, request.headers, names, turn, answer)
    elapsed_us = 4_210_000 if is_late else int(chance.lognormvariate(8.7, 0.35))
    return Noted(chance.id_at(said.at), said.at, gateway.id, outcome, exchange, elapsed_us, None)
