"""Which release of the site this is."""

VERSION = "1.0.0"
