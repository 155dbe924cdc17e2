"""Section «Paiements»: transfers, one transfer, the unknown ones, the health of providers, what they called back."""
