"""What every page shares: rendering, languages, headers, error pages, who may come in, forms."""
