"""The report of a version: one HTML page that shows the data, what was checked, and where it came from."""
