"""Unattended runs: jobs on Scrapyd's nodes, and a run every day on this machine."""
