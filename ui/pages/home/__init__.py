"""Section «Accueil»: what waits for this person, today's figures, what just happened."""

from ui.pages.home import events, home, things, today

__all__ = ["events", "home", "things", "today"]
