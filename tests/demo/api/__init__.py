"""Tests of the demo site's live API."""
