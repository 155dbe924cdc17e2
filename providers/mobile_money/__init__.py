"""One adapter for each provider of mobile money: its wire format, its words and nothing of our tables."""
