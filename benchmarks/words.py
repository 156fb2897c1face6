"""What it costs a request to find its words: ``python -m benchmarks.words`` prints microseconds."""

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.messages import KNOWN_LINKS, Localizer, Messages

TIMES = 20_000
BEST_OF = 5
ROOT = Path(__file__).parents[1]
BROWSER = "es-MX,es;q=0.9,en-US;q=0.8,en;q=0.7"
TEXTS = (("login", "title"), ("login", "heading"), ("login", "password"), ("login", "button"), ("page", "languages"))


def main() -> None:
    """Time the parts of a refused sign-in on the sample folder, and count what is asked of the disk meanwhile."""
    with tempfile.TemporaryDirectory() as nowhere:
        for name, folder in (("the sample folder", ROOT / "merchant"), ("no folder", Path(nowhere))):
            words = Messages(folder)
            localizer = words.current().negotiate(BROWSER)
            print(f"{name}:")
            _tell("the guest's language", lambda words=words: words.current().negotiate(BROWSER, None))
            _tell("a chosen language", lambda words=words: words.current().negotiate(BROWSER, "es"))
            _tell(
                "a code that the merchant words",
                lambda localizer=localizer: localizer.paytronix("could_not_authenticate"),
            )
            _tell("a code with built-in words", lambda localizer=localizer: localizer.paytronix("x.system_error"))
            _tell(
                "a code that nobody words",
                lambda localizer=localizer: localizer.paytronix("a.b.c", "Text", signing_in=True),
            )
            _tell("a label", lambda localizer=localizer: localizer.text("login", "button"))
            _tell("all look-ups of the sign-in page", lambda words=words: _page(words))
            _tell("all look-ups of a refused sign-in", lambda words=words: _refused(words))
            print(f"  {_files_opened(words)} files opened or looked at in {TIMES} pages by the thread that asks")


def _page(words: Messages) -> Localizer:
    """What ``GET /login`` asks for: the language, labels, links, notices."""
    localizer = words.current().negotiate(BROWSER)
    _ = localizer.username_label
    for section, name in TEXTS:
        localizer.text(section, name)
    for name in KNOWN_LINKS:
        localizer.link(name)
    localizer.notices(datetime.now(UTC), paytronix_is_failing=False)
    return localizer


def _refused(words: Messages) -> None:
    """What a refused ``POST /login`` asks for in addition: the code's words, and whether there are any."""
    localizer = _page(words)
    localizer.knows("could_not_authenticate")
    localizer.paytronix("could_not_authenticate", signing_in=True)
    for name in ("title_error_prefix", "error_summary"):
        localizer.text("login", name)


def _tell(what: str, work: Callable[[], object]) -> None:
    best = min(_seconds(work) for _ in range(BEST_OF))
    print(f"  {best / TIMES * 1e6:6.2f} µs  {what}")


def _seconds(work: Callable[[], object]) -> float:
    started = time.thread_time()  # processor time: what else the machine does is no cost of ours
    for _ in range(TIMES):
        work()
    return time.thread_time() - started


def _files_opened(words: Messages) -> int:
    """Counts in this thread only: the folder is watched by another one."""
    asked, me = 0, threading.get_ident()

    def count(event: str, _: tuple[object, ...]) -> None:
        nonlocal asked
        if event in {"open", "os.listdir", "os.scandir"} and threading.get_ident() == me:
            asked += 1

    sys.addaudithook(count)
    for _ in range(TIMES):
        _refused(words)
    return asked


if __name__ == "__main__":
    main()
