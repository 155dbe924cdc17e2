"""The conversation that ends in a code: one turn as a pure function, and what is kept of it between two messages."""
