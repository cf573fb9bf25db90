"""``scrapy collect``: a spider, another one where the first does not bring all, and the better result for everybody."""
