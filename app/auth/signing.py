"""What a browser is given signed: cookies and the tokens of forms."""

from typing import Any

from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from itsdangerous.serializer import Serializer
from itsdangerous.url_safe import URLSafeSerializerMixin


class _Uncompressed(URLSafeSerializerMixin):
    """Reads what itsdangerous writes, and is read by it.

    It tries zlib on everything, which takes four times as long as all the rest; what is signed here hardly ever gets
    shorter.
    """

    def dump_payload(self, obj: Any, *args: Any, **kwargs: Any) -> bytes:
        return base64_encode(Serializer.dump_payload(self, obj, *args, **kwargs))


class Signed(_Uncompressed, URLSafeSerializer):
    """Something signed, for a URL or a cookie."""


class SignedAndTimed(_Uncompressed, URLSafeTimedSerializer):
    """The same with its time."""
