"""Tests of the quality monitors."""
