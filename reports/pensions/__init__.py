"""Pensions on paper and in files: what a batch became, what proves a payment, figures for the console."""
