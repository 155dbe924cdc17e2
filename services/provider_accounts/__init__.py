"""Provider accounts: contracts with operators, their secrets, their hosts, and how an adapter sees them.

Open `accounts.py` first.
"""

from services.provider_accounts.accounts import (
    AccountIncomplete,
    AccountInUse,
    AccountRow,
    CodeTaken,
    CreateAccount,
    DropSecret,
    EditAccount,
    PauseAccount,
    SetSecret,
    TotpNeeded,
    callback_url,
    create_account,
    drop_secret,
    edit_account,
    find_account,
    get_account,
    is_any_live_active,
    list_accounts,
    pause_account,
    resume_account,
    retire_account,
    set_secret,
)
from services.provider_accounts.hosts import allowed_hosts
from services.provider_accounts.offers import offers_of
from services.provider_accounts.probing import (
    NotTestable,
    ProbeRow,
    SetUpFailed,
    probe_due,
    set_up_mtn_sandbox,
    test_account,
)
from services.provider_accounts.shapes import SHAPES, Shape
from services.provider_accounts.views import view, views_of

__all__ = [
    "SHAPES",
    "AccountInUse",
    "AccountIncomplete",
    "AccountRow",
    "CodeTaken",
    "CreateAccount",
    "DropSecret",
    "EditAccount",
    "NotTestable",
    "PauseAccount",
    "ProbeRow",
    "SetSecret",
    "SetUpFailed",
    "Shape",
    "TotpNeeded",
    "allowed_hosts",
    "callback_url",
    "create_account",
    "drop_secret",
    "edit_account",
    "find_account",
    "get_account",
    "is_any_live_active",
    "list_accounts",
    "offers_of",
    "pause_account",
    "probe_due",
    "resume_account",
    "retire_account",
    "set_secret",
    "set_up_mtn_sandbox",
    "test_account",
    "view",
    "views_of",
]
