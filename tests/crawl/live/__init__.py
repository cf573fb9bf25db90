"""The live API, crawled for real."""
