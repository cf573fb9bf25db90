"""The published runs: ``output/<spider>/<UTC time>/``, and ``latest``."""
