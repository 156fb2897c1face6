"""The guest login website for restaurants on Paytronix. Imports nothing, so that ``app.paytronix`` works by itself."""

__version__ = "1.0.0"
