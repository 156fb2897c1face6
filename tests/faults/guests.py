"""Guests for storms: light browsers that may use any instance of the site, and remember every answer that they got."""

import html
import http.client
import re
import threading
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode

PUBLIC_HOST = "127.0.0.1:8000"  # what guests call the site, whichever instance answers
PUBLIC_URL = f"http://{PUBLIC_HOST}"
LONGEST_SECONDS = 60
_INPUT = re.compile(r"<input ([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


class Answer:
    """What came back, and how long it took."""

    def __init__(self, method, path, status, headers, body, seconds):
        self.method, self.path, self.status, self.headers, self.body = method, path, status, headers, body
        self.seconds = seconds
        self.location = headers.get("Location")

    def __repr__(self):
        return f"<{self.method} {self.path}: {self.status} {self.location or ''} after {self.seconds:.2f} s>"

    @property
    def form_token(self):
        return self.hidden["csrf_token"]

    @property
    def hidden(self):
        """The hidden fields of the page."""
        fields = (dict(_ATTRIBUTE.findall(each)) for each in _INPUT.findall(self.body))
        return {each["name"]: html.unescape(each["value"]) for each in fields if each["type"] == "hidden"}


class Guest:
    """A browser with its own cookies. Its requests may run side by side, each on a connection of its own.

    :param ports: the instances of the site, used in turn
    :param answers: a list that takes every answer
    """

    def __init__(self, ports, answers, *, address=None):
        self._ports, self._answers, self._address = list(ports), answers, address
        self._turn = 0
        self._lock = threading.Lock()
        self.cookies = {}

    @property
    def session_id(self):
        return self.cookies.get("session")

    def get(self, path, **headers):
        return self._fetch("GET", path, None, headers)

    def post(self, path, fields, **headers):
        return self._fetch("POST", path, urlencode(fields), headers)

    def form(self, path="/login"):
        """The fields of the sign-in form, to be filled in."""
        return self.get(path).hidden

    def sign_in(self, username="ana", password="taco-tuesday", form=None):
        return self.post("/login", (form or self.form()) | {"username": username, "password": password})

    def sign_out(self, form_token):
        """Sign out with the token of a signed-in page."""
        return self.post("/logout", {"csrf_token": form_token})

    def twin(self, *ports):
        """The same browser as it is now, at these instances; what it is told from now on does not change this one."""
        twin = Guest(ports or self._ports, self._answers, address=self._address)
        twin.cookies = dict(self.cookies)
        return twin

    def use(self, *ports):
        """Go to these instances from now on."""
        self._ports = list(ports)

    def _fetch(self, method, path, body, headers):
        with self._lock:
            self._turn += 1
            port = self._ports[self._turn % len(self._ports)]
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": PUBLIC_HOST, "Connection": "close"} | headers
        if cookies:
            headers["Cookie"] = cookies
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if self._address:
            headers["X-Forwarded-For"] = self._address
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_SECONDS)
        started = time.monotonic()
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            text = reply.read().decode()
        finally:
            connection.close()
        answer = Answer(method, path, reply.status, reply.headers, text, time.monotonic() - started)
        self._answers.append(answer)
        self._keep_cookies(reply.headers.get_all("Set-Cookie") or [])
        return answer

    def _keep_cookies(self, lines):
        with self._lock:
            for line in lines:
                for name, morsel in SimpleCookie(line).items():
                    if morsel["max-age"] == "0" or not morsel.value:
                        self.cookies.pop(name, None)
                    else:
                        self.cookies[name] = morsel.value


def at_once(work, arguments):
    """Do ``work(argument)`` for each argument in a thread of its own, all starting together; the results in order."""
    arguments = list(arguments)
    results, errors, gate = [None] * len(arguments), [], threading.Barrier(len(arguments))

    def run(number):
        gate.wait(LONGEST_SECONDS)
        try:
            results[number] = work(arguments[number])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(arguments))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_SECONDS * 2)
    assert not any(thread.is_alive() for thread in threads), "a request never ended"
    if errors:
        raise errors[0]
    return results


class Later:
    """Work under way in a thread: ``result()`` waits for it."""

    def __init__(self, work, *arguments):
        self._outcome = None
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(work, arguments), daemon=True)
        self._thread.start()

    def _run(self, work, arguments):
        try:
            self._outcome = work(*arguments)
        except BaseException as error:
            self._error = error

    def result(self):
        self._thread.join(LONGEST_SECONDS * 2)
        assert not self._thread.is_alive(), "a request never ended"
        if self._error:
            raise self._error
        return self._outcome


def percentile(answers, share):
    """The time in seconds within which this share of answers came."""
    seconds = sorted(answer.seconds for answer in answers)
    return seconds[min(int(len(seconds) * share), len(seconds) - 1)]
