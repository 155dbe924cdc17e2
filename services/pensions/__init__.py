"""Pensions: batches of payments that leave once each, and that an organisation can prove."""
