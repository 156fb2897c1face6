"""Files that somebody meant for the site and that it does not read: found by ``messages check`` only."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.messages.folder import LANGUAGES_FOLDER
from app.messages.languages import language_tag
from app.messages.merchant import FILE as MERCHANT_FILE
from app.messages.notices import FILE as NOTICES_FILE
from app.messages.pictures import some_names_in
from app.messages.problems import Problem, quoted

_MOST_NAMES = 500  # of a folder's names
_DOCUMENT = re.compile(r"\.(?:txt|rtf|docx?|odt|pages|md|toml|yaml|yml|json)", re.IGNORECASE)
_RIGHT_NAMES = {"merchant": MERCHANT_FILE, "merchants": MERCHANT_FILE, "notice": NOTICES_FILE, "notices": NOTICES_FILE}
_NOT_MEANT = re.compile(r"readme|licen[cs]e|changelog", re.IGNORECASE)


def unused_files(folder: Path) -> Iterator[Problem]:
    """What lies in the folder, looks like messages, and is read by nobody. Nothing in it makes this raise."""
    for below, look_at in ((folder, _on_top), (folder / LANGUAGES_FOLDER, _among_languages)):
        for name in _names(below):
            if problem := look_at(below / name):
                yield replace(problem, file=(below / name).relative_to(folder).as_posix())


def _on_top(path: Path) -> Problem | None:
    name, stem = path.name, _stem(path.name)
    if name == LANGUAGES_FOLDER:
        suggestion = "Make a folder with this name for en.toml."
        return None if path.is_dir() else Problem(f"{quoted(name)} is no folder.", suggestion)
    if name in {MERCHANT_FILE, NOTICES_FILE}:
        return _not_there(path)
    if path.is_dir() or not _DOCUMENT.search(name) or _NOT_MEANT.match(name):
        return None
    if right := _RIGHT_NAMES.get(stem.lower()):
        return Problem("The site does not read a file of this name.", f"Name it {right}.")
    if language_tag(stem) and name.lower() != f"{stem}.md".lower():
        return Problem("The site does not read this file here.", f"Move it to {LANGUAGES_FOLDER}/{stem}.toml.")
    return Problem("The site does not read this file.", "Delete it.") if name.lower().endswith(".toml") else None


def _among_languages(path: Path) -> Problem | None:
    name, stem = path.name, _stem(path.name)
    if name.lower().endswith(".toml"):
        return _not_there(path)
    if path.is_dir():
        return Problem("The site does not look into a folder in here.", "Move the files in it up, beside the others.")
    if not _DOCUMENT.search(name) or _NOT_MEANT.match(name):
        return None
    if name.lower().endswith((".txt", ".toml.rtf")) or ".toml." in name.lower():
        return Problem("The site does not read a file of this name.", f"Name it {stem}.toml.")
    return Problem("The site does not read such a file.", f"Save it as plain text, with the name {stem}.toml.")


def _not_there(path: Path) -> Problem | None:
    if path.is_symlink() and not path.exists():
        return Problem("This is a link to a file that is not there.", "Put the file itself in its place.")
    return None


def _stem(name: str) -> str:
    """``en`` of ``en.toml.txt``."""
    return name.partition(".")[0]


def _names(folder: Path) -> list[str]:
    """What a person sees there: neither hidden files nor what editors leave around."""
    try:
        names = some_names_in(folder)
    except OSError:
        return []
    return [
        name for name in names[:_MOST_NAMES] if not name.startswith(".") and not name.endswith(("~", ".bak", ".swp"))
    ]
