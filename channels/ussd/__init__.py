"""USSD: what a gateway sends, one turn of a dialogue, what it gets back (`docs/ussd.md`)."""
