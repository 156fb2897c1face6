"""What an error of SQLite or of the file system means, and what an operator can do."""

import errno
import os
import pwd
import sqlite3
from pathlib import Path

from app.store.interface import Reason

_REASONS = {
    sqlite3.SQLITE_BUSY: Reason.TIMEOUT,
    sqlite3.SQLITE_LOCKED: Reason.TIMEOUT,
    sqlite3.SQLITE_READONLY: Reason.READONLY,
    sqlite3.SQLITE_FULL: Reason.FULL,
    sqlite3.SQLITE_CANTOPEN: Reason.UNREACHABLE,
    sqlite3.SQLITE_PERM: Reason.REFUSED,
}
_FILE_REASONS = {
    errno.EACCES: Reason.REFUSED,
    errno.EPERM: Reason.REFUSED,
    errno.EROFS: Reason.READONLY,
    errno.ENOSPC: Reason.FULL,
    errno.EDQUOT: Reason.FULL,
}


def explain(error: sqlite3.Error | OSError, path: Path) -> tuple[Reason, str, str]:
    """Why the store is unavailable, in a word and in a few; and what to do, empty where the word says it all."""
    if isinstance(error, OSError):
        reason, what = _FILE_REASONS.get(error.errno or 0, Reason.ERROR), error.strerror or "the file system failed"
    else:
        reason, what = reason_of(error), str(error)
    if reason in {Reason.UNREACHABLE, Reason.READONLY, Reason.REFUSED} and (todo := _todo_about_owner(path)):
        return Reason.REFUSED, what, todo
    if reason is Reason.UNREACHABLE:
        return reason, what, f"Check STORE_URL: a file can be made in {path.parent} only by whoever may write there."
    return reason, what, ""


def reason_of(error: sqlite3.Error) -> Reason:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return _REASONS.get(code & 0xFF, Reason.ERROR)  # the upper bits say more than we ask


def _todo_about_owner(path: Path) -> str:
    """Whose the folder or the file is, if this process may not write there."""
    log, index = (path.with_name(path.name + ending) for ending in ("-wal", "-shm"))  # which SQLite keeps beside it
    for each in (path.parent, path, log, index):
        try:
            owner = each.stat().st_uid
        except OSError:  # not there, or in a folder that may not be looked into
            continue
        if not os.access(each, os.R_OK | os.W_OK) and owner != os.geteuid():
            todo = "Give it to the user who runs the site (chown), and run commands such as this one as that user."
            return f"{each} belongs to {_name(owner)}, and this runs as {_name(os.geteuid())}. {todo}"
    return ""


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
