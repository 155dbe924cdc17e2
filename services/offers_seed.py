"""What an installation begins with: three free services to try, and the usual statuses of an order.

A service that a person deleted keeps its code, so it never comes back; statuses are only given to an empty list.
"""

from sqlmodel import select

from core.database import Session
from core.money import Currency
from models.offers import CatalogService, OrderStatus
from services.orders.statuses import SHIPPED

SERVICES = {
    "SRV-A": (
        "Service A",
        {
            "fr": "Chaque matin, le prix du cacao et du café de votre région. Gratuit.",
            "en": "Every morning, the price of cocoa and coffee in your region. Free.",
            "ln": "Ntongo nyonso, ntalo ya cacao na café ya etuka na yo. Ofele.",
        },
    ),
    "SRV-B": (
        "Service B",
        {
            "fr": "La météo de la semaine. Gratuit.",
            "en": "The weather of the week. Free.",
            "ln": "Mopepe ya poso. Ofele.",
        },
    ),
    "SRV-C": (
        "Service C",
        {
            "fr": "Conseils de santé. Gratuit.",
            "en": "Health advice. Free.",
            "ln": "Toli ya kolongono. Ofele.",
        },
    ),
}


def install_shipped(session: Session, currency: Currency) -> None:
    """Add the services whose code was never used, and the statuses where there are none."""
    known = set(session.exec(select(CatalogService.code)).all())
    session.add_all(
        CatalogService(code=code, name=name, info=info, currency=currency)
        for code, (name, info) in SERVICES.items()
        if code not in known
    )
    if session.exec(select(OrderStatus)).first() is None:
        session.add_all(
            OrderStatus(name=name, position=(place + 1) * 10, is_told=is_told, is_final=is_final)
            for place, (name, is_told, is_final) in enumerate(SHIPPED)
        )
