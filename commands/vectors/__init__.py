"""The vectors of USSD checked with the production code, on a database of their own."""
