"""Tests of ``scrapy collect``: what it decides, and its runs."""
