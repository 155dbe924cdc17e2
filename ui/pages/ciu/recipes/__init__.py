"""Recipes: their versions, the editor with its preview and its simulation, what changes, what is in force."""
