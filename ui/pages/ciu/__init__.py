"""Section «CIU»: figures, codes, conversations, recipes, duplicates, settings, and the chat simulator."""
