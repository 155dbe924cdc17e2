"""The outside: one adapter and one honest fake for every provider."""
