"""The moment of sign-in: from a form with a username and a password to a sign-in that the store keeps."""

from dataclasses import dataclass, field

from app.auth.pseudonyms import Pseudonyms
from app.auth.sign_ins import SignIn, SignIns, Tokens
from app.auth.submits import Settled, Submits
from app.auth.throttle import Throttle, Throttled, Try
from app.auth.usernames import rate_limit_name
from app.observability import log
from app.paytronix import PaytronixClient, Refused, Unavailable
from app.store import StoreUnavailable


@dataclass(frozen=True)
class Attempt:
    """What a guest sent.

    :ivar form: what tells this form from any other that was ever shown
    :ivar address: where it came from
    """

    username: str = field(repr=False)
    password: str = field(repr=False)
    form: str = field(repr=False)
    address: str


class Login:
    """Signs guests in.

    :param margin_seconds: how long before its end an access token is renewed
    """

    def __init__(
        self,
        sign_ins: SignIns,
        paytronix: PaytronixClient,
        pseudonyms: Pseudonyms,
        throttle: Throttle,
        submits: Submits,
        *,
        margin_seconds: float,
    ) -> None:
        self._sign_ins = sign_ins
        self._paytronix = paytronix
        self._pseudonyms = pseudonyms
        self._throttle = throttle
        self._submits = submits
        self._margin_seconds = margin_seconds

    def sign_in(self, attempt: Attempt, *, session: dict[str, str], former: SignIn | None = None) -> SignIn:
        """Ask Paytronix once, and keep what it gives. The password is kept nowhere.

        :param session: what the new session holds besides who the guest is.
        :param former: the sign-in that this browser had until now; it ends when the new one is kept.
        :raises Throttled: too many sign-ins were refused; Paytronix was not asked.
        :raises Refused: the merchant's words for its code are for the guest.
        :raises Unavailable: nothing is known about the password.
        :raises StoreUnavailable: the sign-in could not be kept.
        """
        try:
            with (
                self._paytronix.place(rate_limit_name(attempt.username)),
                self._throttle.a_try(attempt.username, attempt.address) as own_try,
            ):
                return self._submits.once(
                    attempt.form,
                    attempt.username,
                    attempt.password,
                    lambda settled: self._ask(attempt, own_try, session, former, settled),
                    before=own_try.count,
                )
        except Throttled as throttled:
            self._tell("login_throttled", attempt, limit=throttled.limit)
            raise
        except Unavailable as trouble:
            self._tell("login_unavailable", attempt, cause="paytronix", reason=trouble.reason)
            raise
        except StoreUnavailable as trouble:
            self._tell("login_unavailable", attempt, cause="store", reason=trouble.reason)
            raise

    def _tell(self, event: str, attempt: Attempt, **about: str) -> None:
        log.warning(event, guest=self._pseudonyms.for_log(attempt.username), address=attempt.address, **about)

    def _ask(
        self, attempt: Attempt, own_try: Try, session: dict[str, str], former: SignIn | None, settled: Settled
    ) -> SignIn:
        guest = self._pseudonyms.for_log(attempt.username)
        try:
            token = self._paytronix.token_by_password(attempt.username, attempt.password)
        except Refused as refusal:
            log.info("login_failed", guest=guest, address=attempt.address, code=refusal.code)
            raise
        session = session | {
            "username": token.username or attempt.username,
            "typed_username": attempt.username,  # Paytronix may write the name in another way than the guest
        }
        tokens = Tokens.of(token, margin_seconds=self._margin_seconds)
        sign_in = self._sign_ins.begin(
            session, tokens, along=lambda session_id: (*own_try.succeeded(), settled(session_id))
        )
        if former is not None:
            self._end_former(former)
        log.info("login_ok", guest=guest, address=attempt.address)
        return sign_in

    def _end_former(self, former: SignIn) -> None:
        try:
            self._sign_ins.end(former)
        except StoreUnavailable:
            # The new sign-in is kept, and the browser loses the id of the former one, which ends when it is idle.
            log.warning("former_sign_in_not_ended", session=former.name[:8])
