"""The monitors: each asks one question about a version, and names what is wrong."""
