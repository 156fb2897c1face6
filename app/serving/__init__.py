"""How gunicorn runs the application: its worker, what is loaded before the fork, and the end of an instance."""
