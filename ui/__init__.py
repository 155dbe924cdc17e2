"""The screen: the console, French first."""
