"""The dashboard's pages in a real browser: what they ask for, and how they misbehave."""
