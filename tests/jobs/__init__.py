"""Jobs on a Scrapyd daemon that is really there, and daily runs as systemd and cron would start them."""
