"""The moment of sign-in: from a username and a password to a sign-in that the store keeps."""

from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIn, SignIns, Tokens
from app.logs import log
from app.paytronix import PaytronixClient, Refused


class Login:
    """Signs guests in.

    :param margin_seconds: how long before its end an access token is renewed
    """

    def __init__(
        self, sign_ins: SignIns, paytronix: PaytronixClient, pseudonyms: Pseudonyms, *, margin_seconds: float
    ) -> None:
        self._sign_ins = sign_ins
        self._paytronix = paytronix
        self._pseudonyms = pseudonyms
        self._margin_seconds = margin_seconds

    def sign_in(self, username: str, password: str, *, session: dict[str, str], former: SignIn | None = None) -> SignIn:
        """Ask Paytronix once, and keep what it gives. The password is kept nowhere.

        :param session: what the new session holds besides who the guest is.
        :param former: the sign-in that this browser had until now; it ends when the new one is kept.
        :raises Refused: the merchant's words for its code are for the guest.
        :raises Unavailable: nothing is known about the password.
        :raises StoreUnavailable: the sign-in could not be kept.
        """
        guest = self._pseudonyms.for_log(username)
        try:
            token = self._paytronix.token_by_password(username, password)
        except Refused as refusal:
            log.info("login_failed", guest=guest, code=refusal.code)
            raise
        session = session | {"username": token.username or username}
        sign_in = self._sign_ins.begin(session, Tokens.of(token, margin_seconds=self._margin_seconds))
        if former is not None:
            self._sign_ins.end(former)
        log.info("login_ok", guest=guest, odd_lifetime=token.lifetime_is_odd)
        return sign_in
