"""Commands of this project, in addition to Scrapy's own."""
