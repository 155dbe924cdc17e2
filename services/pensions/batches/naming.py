"""What a batch is called, and how long a draft lives."""

import secrets
from datetime import timedelta

DRAFT_LIVES = timedelta(days=7)


def new_bulk_id() -> str:
    """Return the name of a new batch, as documents write it."""
    return f"bulk-{secrets.token_hex(6)}"
