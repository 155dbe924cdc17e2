"""Batches of pensions: from a file to payments, once each."""
