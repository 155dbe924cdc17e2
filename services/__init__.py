"""The verbs: every rule of the product, one transaction at a time."""
