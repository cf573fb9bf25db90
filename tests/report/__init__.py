"""The report: what stands in the page, and what a real browser makes of it."""
