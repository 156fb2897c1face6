"""Django: sessions in its Redis cache, its forms and its CSRF protection, one pooled ``requests.Session``."""

import os
from pathlib import Path

import django
import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST
from paytronix import ACCOUNT_URL, CREDENTIALS, TIMEOUT_SECONDS, TOKEN_URL, grant, query

settings.configure(
    SECRET_KEY="a-key-for-measurements-and-nothing-else",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["STORE_URL"]}},
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
        }
    ],
)
django.setup()

from django import forms  # noqa: E402 - needs the settings

CSRF_FIELD = "csrfmiddlewaretoken"
vendor = requests.Session()


class LoginForm(forms.Form):
    username = forms.CharField()
    password = forms.CharField(widget=forms.PasswordInput, strip=False)


def login(request):
    form = LoginForm(request.POST or None)
    error = None
    if request.method == "POST" and form.is_valid():
        fields = grant(form.cleaned_data["username"], form.cleaned_data["password"])
        reply = vendor.post(TOKEN_URL, json=fields, auth=CREDENTIALS, timeout=TIMEOUT_SECONDS).json()
        if reply["result"] == "success":
            request.session.cycle_key()
            for name in ("username", "access_token", "refresh_token"):
                request.session[name] = reply[name]
            return HttpResponseRedirect("/account", status=303)
        error = "Please try again."
    about = {"csrf_field": CSRF_FIELD, "csrf": get_token(request), "username": "", "error": error}
    return render(request, "login.html", about)


def account(request):
    if "access_token" not in request.session:
        return HttpResponseRedirect("/login")
    parameters = query(request.session["access_token"])
    reply = vendor.get(ACCOUNT_URL, params=parameters, auth=CREDENTIALS, timeout=TIMEOUT_SECONDS).json()
    about = {"csrf_field": CSRF_FIELD, "csrf": get_token(request), "username": request.session["username"]}
    return render(request, "account.html", about | {"account": reply})


@require_POST
def logout(request):
    request.session.flush()
    return HttpResponseRedirect("/login")


urlpatterns = [path("login", login), path("account", account), path("logout", logout)]
app = get_wsgi_application()
