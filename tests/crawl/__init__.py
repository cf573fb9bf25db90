"""Tests of whole crawls: the real command, a real site, real files."""
