"""The clock: scheduled work, run by one elected leader."""
