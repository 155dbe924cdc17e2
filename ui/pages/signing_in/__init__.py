"""The door of the console: signing in, a password forgotten, a password to choose."""
