"""Downloader middlewares: stricter variants of Scrapy's own, where silence would cost data."""
