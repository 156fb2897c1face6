"""A simulated Paytronix: a process of its own that answers the vendor's calls over HTTP, on loopback only."""
