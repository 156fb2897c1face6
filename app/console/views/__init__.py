"""One file a page, or for pages that are one thing."""
