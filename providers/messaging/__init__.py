"""Channels to people's phones and mailboxes, one file for each network, all behind `answers.MessageProvider`."""

from collections.abc import Mapping

from providers.messaging import africas_talking, kannel, meta_whatsapp, mtn_madapi, smtp, twilio, web_push
from providers.messaging.answers import MessageProvider

ADAPTERS: Mapping[str, MessageProvider] = {
    provider.name: provider
    for provider in (
        africas_talking.ADAPTER,
        kannel.ADAPTER,
        kannel.USSD,
        mtn_madapi.ADAPTER,
        twilio.SMS,
        twilio.WHATSAPP,
        meta_whatsapp.ADAPTER,
        smtp.ADAPTER,
        web_push.ADAPTER,
    )
}


def adapter(name: str) -> MessageProvider:
    """Return the adapter of an account."""
    return ADAPTERS[name]
