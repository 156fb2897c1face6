"""The forms of what changes what guests read: publishing, withdrawing, giving up, and going back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import request
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest
from wtforms import HiddenField, StringField, TextAreaField, ValidationError
from wtforms.fields import Field
from wtforms.validators import Length

from app.console.differences import place_of
from app.console.times import UNTIL_LATEST, moment_of
from app.history import Place

LEAVE_OUT = "leave_out "
LONGEST_COMMENT = 1000  # characters
_NUMBER_DIGITS = 9
_UNCHANGED = {"autocomplete": "off"}  # Firefox fills hidden fields in anew after a reload


def _comment(kind: type[StringField]) -> StringField:
    """Why, for those who look into the history; with line breaks as its length is counted in the browser."""
    return kind(
        filters=[lambda text: (text or "").strip().replace("\r\n", "\n")],
        validators=[
            Length(max=LONGEST_COMMENT, message=f"The comment is too long: {LONGEST_COMMENT} characters at most.")
        ],
    )


class Number(HiddenField):  # type: ignore[misc]
    """The number of a revision, as a page of ours has written it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it.

        :raises ValueError: it is none.
        """
        if valuelist:
            [text] = valuelist[:1]
            if not text.isascii() or not text.isdecimal() or len(text) > _NUMBER_DIGITS:
                raise ValueError("This is no number of a revision.")
            self.data = int(text)


class PublishForm(FlaskForm):  # type: ignore[misc]
    """The draft, to be published now or at a time.

    :ivar when: ``now`` or ``later``: the button that was pressed
    :ivar seen: tag of the draft that was shown
    :ivar follows: number of the revision that it was compared with
    """

    comment = _comment(TextAreaField)
    when = StringField(default="now")
    at = StringField()
    seen = HiddenField(render_kw=_UNCHANGED)
    follows = Number(default=0, render_kw=_UNCHANGED)

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        super().__init__()

    @property
    def left_out(self) -> set[Place]:
        """What stays in the draft: each has a box of its own, called ``leave_out`` and the key of the difference.

        :raises BadRequest: one of them is no place.
        """
        names = [name for name in request.form if name.startswith(LEAVE_OUT)]
        try:
            return {place_of(name.removeprefix(LEAVE_OUT)) for name in names}
        except ValueError:
            raise BadRequest from None

    @property
    def publishes_at(self) -> datetime | None:
        """When guests are to read it; None for now.

        :raises ValueError: what was typed is no day and time.
        """
        return moment_of(self.at.data or "", self._zone) if self.when.data == "later" else None

    def validate_when(self, when: Field) -> None:
        """Who has filled in a day and publishes now means one of the two."""
        if when.data != "later" and self.at.data:
            raise ValidationError("You have filled in a day. Press Schedule, or empty it to publish now.")

    def validate_at(self, _: Field) -> None:
        """It can be read, and lies within the next two years."""
        try:
            at = self.publishes_at
        except ValueError:
            raise ValidationError("Say at which day and time guests are to read it.") from None
        if at and at <= datetime.now(UTC):
            raise ValidationError("That time has passed. Choose a later one, or publish now.")
        if at and at > datetime.now(UTC) + UNTIL_LATEST:
            raise ValidationError("That is more than two years away. Is the year right?")


class GiveUpForm(FlaskForm):  # type: ignore[misc]
    """One change of the draft, or all of it, to be given up.

    :ivar seen: tag of what was shown
    """

    place = HiddenField(render_kw=_UNCHANGED)
    seen = HiddenField(render_kw=_UNCHANGED)


class WithdrawForm(FlaskForm):  # type: ignore[misc]
    """A revision that waits, to be withdrawn."""

    number = Number(render_kw=_UNCHANGED)


class TakeForm(FlaskForm):  # type: ignore[misc]
    """What a revision has changed at one place, to be put into the draft.

    :ivar side: ``after``, what it says there; ``before``, what stood there before it
    """

    place = HiddenField(render_kw=_UNCHANGED)
    side = StringField()


class RollBackForm(FlaskForm):  # type: ignore[misc]
    """A revision, to be published again.

    :ivar present: number of the revision that guests read when the page was opened
    """

    comment = _comment(StringField)
    present = HiddenField(render_kw=_UNCHANGED)


def trouble_of(form: FlaskForm) -> str:
    """The first that is wrong with a form that does not validate.

    :raises BadRequest: a hidden field does not hold what a page of ours has put there.
    """
    for field in form:
        if field.errors:
            if isinstance(field, HiddenField):
                raise BadRequest
            return str(field.errors[0])
    raise BadRequest
