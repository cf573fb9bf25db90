"""The dashboard's page, driven in a real browser: find its controls, select, and keep what the page itself is answered.

Nothing here is imported unless the spider ``dashboard`` runs: Playwright is an extra.
"""
