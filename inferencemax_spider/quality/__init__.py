"""Whether a run brought what it should have brought."""
