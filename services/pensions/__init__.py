"""Pension batches: a file, its payments, and the money of the organisation that pays them (`docs/pensions.md`)."""
