"""Section «Pensions»: batches from the file to the last receipt, what waits for a person, accounts, settings."""
