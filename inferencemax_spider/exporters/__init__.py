"""Feed exporters: a capture's records as rows, in the order of the plan whatever the order of arrival."""
