"""Tests, in the same folders as what they test. Properties have no deadline: how long one takes says nothing here."""

from hypothesis import settings

settings.register_profile("inferencemax_spider", deadline=None)
settings.load_profile("inferencemax_spider")
