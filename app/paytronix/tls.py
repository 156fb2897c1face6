"""Why a server could not prove who it is, in words for an operator."""

# By OpenSSL's X509_V_ERR_…: its own texts differ by version.
_OF_CERTIFICATE = {
    1: "its certificate is for another name",  # libcurl looks at the name itself, and OpenSSL has found no fault
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
    "wrong version number": "it speaks no TLS at this port",
    "http request": "it speaks no TLS at this port",
    "unsupported protocol": "it speaks no TLS of 1.2 or later",
    "alert protocol version": "it speaks no TLS of 1.2 or later",
    "unrecognized name": "it has no certificate for this name",
}


def certificate_trouble(verify_code: int) -> str:
    """What is wrong with a certificate, as the end of a sentence.

    :param verify_code: what OpenSSL's verification ended with.
    """
    return _OF_CERTIFICATE.get(verify_code, "its certificate is not accepted")


def handshake_trouble(text: str) -> str:
    """Why a handshake failed, as the end of a sentence.

    :param text: OpenSSL's reason, in which known words are looked for. Nothing of it is told.
    """
    lowered = text.lower().replace("_", " ")
    return next((meaning for words, meaning in _OF_HANDSHAKE.items() if words in lowered), "the handshake failed")
