"""Billers and airtime: our own small wire format for whoever has none (`docs/connectors.md`)."""
