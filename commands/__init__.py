"""The terminal: what `./dev` can be asked to do."""
