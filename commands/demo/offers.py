"""The demo's offers: who subscribed to what, orders on their way, and one connector that only pretends."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import select

from commands.demo.chance import Chance
from commands.demo.people import Subscriber
from core.database import Session
from core.money import Currency
from models.offers import (
    CatalogService,
    Connector,
    ConnectorHost,
    FakeMode,
    OrderEvent,
    OrderRow,
    OrderStatus,
    Period,
    Subscription,
)

ORDERS = 140
NAMES = {
    "SRV-A": ("Prix du marché", "Agriculture"),
    "SRV-B": ("Météo", "Agriculture"),
    "SRV-C": ("Conseils santé", "Santé"),
}
SHOPS = ("CMD", "BTQ", "EXP")
NOTES = ("", "", "", "Le livreur appelle avant midi.", "À retirer au comptoir 2.")


def write_offers(session: Session, chance: Chance, now: datetime, everybody: Sequence[Subscriber]) -> None:
    """Write it all; whoever subscribed or ordered is one of the demo's people."""
    services = {row.code: row for row in session.exec(select(CatalogService))}
    for code, (name, category) in NAMES.items():
        services[code].name, services[code].category = name, category
    priced = CatalogService(
        code="FOOT",
        name="Alerte foot",
        info={"fr": "Les buts de votre équipe, dès qu'ils sont marqués. 200 FCFA par mois."},
        category="Sport",
        price_minor=200,
        currency=Currency.XAF,
        period=Period.MONTH,
    )
    session.add(priced)
    for code, share in (("SRV-A", 0.4), ("SRV-B", 0.25), ("SRV-C", 0.1)):
        _subscribe(session, chance, now, [one for one in everybody if chance.is_true(share)], services[code])
    _order(session, chance, now, everybody)
    session.add(ConnectorHost(host="meteo.example", note="Prévisions par ville"))
    session.add(
        Connector(
            name="meteo",
            label="Météo par ville",
            base_url="https://meteo.example",
            path="/v1/villes/{ville}",
            inputs=[{"name": "ville", "type": "text", "max": 20}],
            outputs=[{"name": "prevision", "type": "text", "max": 60, "pointer": "/demain/texte"}],
            outcomes=[{"outcome": "unknown", "status": 404}],
            fake=FakeMode.OK,
            canned={"ok": {"status": 200, "body": {"demain": {"texte": "Soleil, 31 degrés"}}}},
        )
    )


def _subscribe(
    session: Session, chance: Chance, now: datetime, people: Sequence[Subscriber], service: CatalogService
) -> None:
    for person in people:
        moment = now - timedelta(minutes=chance.randrange(90 * 24 * 60))
        has_left = chance.is_true(0.12)
        session.add(
            Subscription(
                id=chance.id_at(moment),
                created_at=moment,
                phone=person.phone,
                user_id=person.user_id,
                service_id=service.id,
                subscribed_at=moment,
                state="inactive" if has_left else "active",
                ended_at=moment + (now - moment) / 2 if has_left else None,
            )
        )


def _order(session: Session, chance: Chance, now: datetime, everybody: Sequence[Subscriber]) -> None:
    statuses = session.exec(select(OrderStatus).order_by("position")).all()
    for number in range(ORDERS):
        person = chance.choice(everybody)
        at = now - timedelta(minutes=chance.randrange(30 * 24 * 60))
        reached = chance.randrange(len(statuses) - 1)
        steps = [statuses[place] for place in range(reached + 1)]
        if chance.is_true(0.05):
            steps.append(statuses[-1])
        row = OrderRow(
            id=chance.id_at(at),
            created_at=at,
            reference=f"{chance.choice(SHOPS)}-{1001 + number}",
            phone=person.phone,
            status_id=steps[-1].id,
            amount_minor=chance.randrange(4, 180) * (500 if person.place.currency.exponent == 0 else 250_000),
            currency=person.place.currency,
            note=chance.choice(NOTES),
            updated_at=at,
        )
        session.add(row)
        session.flush()
        for place, status in enumerate(steps):
            moment = at + (now - at) * place / (len(steps) + 1)
            event = OrderEvent(
                id=chance.id_at(moment), created_at=moment, order_id=row.id, status=status.name, source="import"
            )
            session.add(event)
            row.updated_at = moment
