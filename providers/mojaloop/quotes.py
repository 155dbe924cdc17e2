"""The quote between two steps: what the payee receives and what it costs, judged before anything can move."""

from core.money import Currency, Money
from providers.amounts import parse_amount
from providers.answers import Reason
from providers.mojaloop.contract import Asked, PayoutOrder, Quote
from providers.mojaloop.reading import Reading, section, text_of

FEE_TOO_HIGH = "fee_too_high"


def quote_of(said: Reading) -> Quote | None:
    """Return the quote that an answer repeats; None when it has none."""
    stated = said.quote
    if not stated:
        return None
    return Quote(
        transfer_amount=_amount(stated.get("transferAmount")),
        receive_amount=_amount(stated.get("payeeReceiveAmount")),
        condition=text_of(stated.get("condition")),
        expiration=text_of(stated.get("expiration")),
    )


def fee_of(quote: Quote | None, asked: Asked) -> Money | None:
    """Return what is paid beyond the amount; for `SEND`, what the payee's institution kept. None when not said."""
    if quote is None:
        return None
    paid, received = (
        (quote.transfer_amount, asked.amount)
        if asked.amount_type == "RECEIVE"
        else (asked.amount, quote.receive_amount)
    )
    if paid is None or received is None or paid.currency is not received.currency:
        return None
    return paid - received


def judge(order: PayoutOrder, fee_cap_minor: int | None) -> str | None:
    """Return why a quote must not be accepted: `fee_too_high`, or a mismatch; None when it may be.

    To refuse we stop: nothing is sent, the quote expires.
    """
    quote, asked = order.quote, order.asked
    stated = quote.receive_amount if asked.amount_type == "RECEIVE" else quote.transfer_amount
    if stated is not None and stated.currency is not asked.amount.currency:
        return Reason.MISMATCH_CURRENCY
    if stated is not None and stated != asked.amount:
        return Reason.MISMATCH_AMOUNT
    fee = fee_of(quote, asked)
    return FEE_TOO_HIGH if fee is not None and fee_cap_minor is not None and fee.minor > fee_cap_minor else None


def _amount(raw: object) -> Money | None:
    stated = section(raw)
    currency = text_of(stated.get("currency"))
    return parse_amount(stated.get("amount"), currency) if currency in set(Currency) else None
