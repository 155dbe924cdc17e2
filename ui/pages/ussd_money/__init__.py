"""Points of sale, prices, bills and money operations."""
