"""Wallets: registering, finding a payee, pricing, moving money between wallets, and what their owners read.

Open `transfers.py` first. Nothing here asks for a PIN: that is the dialogue's part, through `services.pins`.
"""

from services.tariffs import AboveMaximum, BelowMinimum, NoTariff, Quote, quote
from services.wallets.outside import OutsideOperation
from services.wallets.people import (
    Payee,
    RegisterSubscriber,
    Subscriber,
    get_payee,
    prepare_registration,
    register,
    shown_name,
)
from services.wallets.purchases import (
    BuyAirtime,
    PayBill,
    Purchased,
    bill_party,
    buy_airtime,
    get_bill_account,
    get_purchase,
    get_recent_purchase,
    look_up_bill,
    pay_bill,
)
from services.wallets.reads import RecentSame, get_balance, get_recent_same, get_statement
from services.wallets.recharge import NumberToConfirm, RechargeWallet, WithdrawMoney, recharge, withdraw
from services.wallets.refusals import (
    OUTCOMES,
    AlreadyRegistered,
    CeilingReached,
    InvalidPayee,
    NoWallet,
    OwnNumber,
    PayeeClosed,
    PayeeFull,
    QuoteChanged,
    SentAlready,
    TooManyRequests,
    UnknownPayee,
    WalletSuspended,
)
from services.wallets.reversals import ReverseOperation, reverse_operation
from services.wallets.transfers import Operation, TransferMoney, transfer

__all__ = [
    "OUTCOMES",
    "AboveMaximum",
    "AlreadyRegistered",
    "BelowMinimum",
    "BuyAirtime",
    "CeilingReached",
    "InvalidPayee",
    "NoTariff",
    "NoWallet",
    "NumberToConfirm",
    "Operation",
    "OutsideOperation",
    "OwnNumber",
    "PayBill",
    "Payee",
    "PayeeClosed",
    "PayeeFull",
    "Purchased",
    "Quote",
    "QuoteChanged",
    "RecentSame",
    "RechargeWallet",
    "RegisterSubscriber",
    "ReverseOperation",
    "SentAlready",
    "Subscriber",
    "TooManyRequests",
    "TransferMoney",
    "UnknownPayee",
    "WalletSuspended",
    "WithdrawMoney",
    "bill_party",
    "buy_airtime",
    "get_balance",
    "get_bill_account",
    "get_payee",
    "get_purchase",
    "get_recent_purchase",
    "get_recent_same",
    "get_statement",
    "look_up_bill",
    "pay_bill",
    "prepare_registration",
    "quote",
    "recharge",
    "register",
    "reverse_operation",
    "shown_name",
    "transfer",
    "withdraw",
]
