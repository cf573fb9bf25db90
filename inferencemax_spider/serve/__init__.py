"""The read-only data service over the stored versions: ``scrapy serve``, extra ``[serve]``."""
