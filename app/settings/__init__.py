"""How settings are declared, read and checked; which ones there are stands in ``config.py``."""
