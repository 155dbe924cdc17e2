"""Money to and from the outside."""
