"""Tests of what ``scrapy collect`` decides; its runs are tested with the other commands."""
