"""The commands that read versions, as a user runs them."""
