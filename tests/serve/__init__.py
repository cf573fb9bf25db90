"""Tests of the data service: a real server, real HTTP, and versions that real crawls made."""
