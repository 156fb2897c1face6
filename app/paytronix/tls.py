"""Why a server could not prove who it is, in words for an operator."""

import ssl

# By OpenSSL's X509_V_ERR_…: its own texts differ by version.
_OF_CERTIFICATE = {
    9: "its certificate is not valid yet, or this machine's clock is behind",
    10: "its certificate has expired, or this machine's clock is ahead",
    18: "its certificate is signed by itself",
    19: "nobody knows the authority that has signed its certificate",
    20: "nobody knows the authority that has signed its certificate, or a part of its chain is missing",
    21: "a part of its certificate's chain is missing",
    23: "its certificate was revoked",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}
_OF_HANDSHAKE = {
    "WRONG_VERSION_NUMBER": "it speaks no TLS at this port",
    "HTTP_REQUEST": "it speaks no TLS at this port",
    "UNSUPPORTED_PROTOCOL": "it speaks no TLS of 1.2 or later",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it speaks no TLS of 1.2 or later",
    "TLSV1_UNRECOGNIZED_NAME": "it has no certificate for this name",
}


def tls_trouble(error: BaseException) -> str | None:
    """What an error of TLS, or one around it, means. Nothing of its text, which may hold anything.

    :returns: what is wrong with the server, as the end of a sentence; None for an error of another kind.
    """
    is_of_tls = False
    at: object = error
    for _ in range(5):
        if isinstance(at, ssl.SSLCertVerificationError):
            return _OF_CERTIFICATE.get(at.verify_code, "its certificate is not accepted")
        if isinstance(at, ssl.SSLError) and at.reason in _OF_HANDSHAKE:
            return _OF_HANDSHAKE[at.reason]
        is_of_tls = is_of_tls or isinstance(at, ssl.SSLError)
        at = next((each for each in getattr(at, "args", ()) if isinstance(each, BaseException)), None)
    return "the handshake failed" if is_of_tls else None
