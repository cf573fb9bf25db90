"""Tests of the feed exporters."""
