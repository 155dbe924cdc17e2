"""What the identifiers keep: one message, one transaction. Open `turns_kept.py` first."""
