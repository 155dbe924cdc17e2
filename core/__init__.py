"""The ground: money, phone, clock, errors, settings, database. It knows nothing of the rooms above."""
