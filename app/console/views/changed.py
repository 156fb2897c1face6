"""What a page answers when two have edited the same."""

from flask import Response, make_response, render_template, request

from app.console.differences import difference
from app.console.workspace import Snapshot
from app.history import Change, ChangedMeanwhile, Place, etag


def changed_page(place: Place, error: ChangedMeanwhile, mine: Change, snapshot: Snapshot, *, back: str) -> Response:
    """The page for two who have edited the same: theirs, yours, the difference; nothing is lost and one click decides.

    What was typed is carried on by the page's form, which is sent to where this one was.

    :param mine: the value that was to be saved.
    :param back: the address of the page that shows theirs.
    """
    typed = [(name, value) for name, value in request.form.items() if name not in {"csrf_token", "seen"}]
    page = render_template(
        "changed.html",
        one=difference(place, error.value, mine, snapshot),
        by=error.made_by,
        typed=typed,
        seen=etag(error.value),
        back=back,
    )
    return make_response(page, 409)
