"""Tests of the coverage checks."""
