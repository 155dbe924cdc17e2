"""The nouns: tables, states and their allowed transitions."""
