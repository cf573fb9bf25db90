"""Tests of the embedded site, over real HTTP."""
