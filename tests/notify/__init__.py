"""Notifications, received by a real mail server and a real web server."""
