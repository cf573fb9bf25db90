"""Readers of the site's bodies, one module per generation; what comes after them does not know the generation."""
