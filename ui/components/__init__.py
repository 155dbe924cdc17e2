"""The parts a page is made of: one noun a file. What only shows returns `Markup`; what acts places elements."""
