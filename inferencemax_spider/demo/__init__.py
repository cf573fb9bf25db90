"""The embedded site: generated data, an HTTP server on a loopback port, and everything that can go wrong on the way."""

from __future__ import annotations

from inferencemax_spider.demo.content import Content, FolderContent, GeneratedContent, LayeredContent, Resource
from inferencemax_spider.demo.dataset import Dataset
from inferencemax_spider.demo.faults import Fault
from inferencemax_spider.demo.pages import PagesContent, page_2025, pages_2026
from inferencemax_spider.demo.site import DemoSite, LoggedRequest

__all__ = [
    "Content",
    "Dataset",
    "DemoSite",
    "Fault",
    "FolderContent",
    "GeneratedContent",
    "LayeredContent",
    "LoggedRequest",
    "PagesContent",
    "Resource",
    "page_2025",
    "pages_2026",
]
