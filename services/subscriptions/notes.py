"""Who is told of a subscription: its owner by SMS, the provider of its contents through the outbox of hooks."""

import json
from datetime import datetime
from typing import Any

from core import clock, formats, ids
from core.database import Session, fetch_one
from models.messages import Channel
from models.offers import CatalogService, ServiceHook, Subscription
from services import messages
from services.messages import OutgoingMessage

ACTIVATED, RENEWED, ENDED = "subscription.activated", "subscription.renewed", "subscription.ended"


def tell_owner(
    session: Session, subscription: Subscription, code: str, occasion: str, variables: dict[str, str]
) -> None:
    """Write one SMS to whoever subscribed, once for each kind of news and occasion."""
    owner = fetch_one(session, "select id, language from users where phone = %s", (subscription.phone,))
    messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"{code}:{occasion}",
            type=code,
            channel=Channel.SMS,
            address=subscription.phone,
            template_code=code,
            recipient_id=owner["id"] if owner else None,
            locale=owner["language"] if owner else "fr",
            variables=variables,
        ),
    )


def tell_provider(session: Session, service: CatalogService, subscription: Subscription, event: str) -> None:
    """Write what the provider of the contents is to learn, where he gave an address."""
    if not service.webhook_url:
        return
    now = clock.now()
    hook_id = ids.new_id()
    body: dict[str, Any] = {
        "id": str(hook_id),
        "event": event,
        "at": _instant(now),
        "service": service.code,
        "subscription": str(subscription.id),
        "phone": subscription.phone,
        "subscribed_at": _instant(subscription.subscribed_at),
        "expires_at": _instant(subscription.expires_at),
        "reason": subscription.end_reason,
    }
    session.add(
        ServiceHook(
            id=hook_id,
            service_id=service.id,
            subscription_id=subscription.id,
            event=event,
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
            next_try_at=now,
        )
    )


def day(moment: datetime) -> str:
    """Return a day as a phone shows it."""
    return formats.day_on_phone(moment.date())


def _instant(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
