"""The pages that guests see: one module for each, with a blueprint ``bp``."""

from app.views import account, assets, brand, health, home, language, login, logout, well_known

PAGES = (home, login, logout, language, account, health, assets, brand, well_known)
