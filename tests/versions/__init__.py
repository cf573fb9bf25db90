"""Tests of the published versions."""
