"""Tell somebody what became of a run: whom, when, and in which words."""
