"""Tests of the readers of the site’s bodies."""
