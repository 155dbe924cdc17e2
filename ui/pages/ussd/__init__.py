"""Section «USSD»: what happens now, one dialogue, subscribers and their money, the phone simulator."""
