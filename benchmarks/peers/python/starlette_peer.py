"""Starlette under uvicorn with httpx. It has no sessions on the server, so they are written out here, as is CSRF."""

import json
import os
import secrets
from pathlib import Path

import httpx
import redis.asyncio as redis
from paytronix import ACCOUNT_URL, CREDENTIALS, TIMEOUT_SECONDS, TOKEN_URL, grant, query
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route
from starlette.templating import Jinja2Templates

IDLE_SECONDS = 1800
templates = Jinja2Templates(Path(__file__).parent / "templates")
store = redis.Redis.from_url(os.environ["STORE_URL"])
vendor = httpx.AsyncClient(
    auth=CREDENTIALS,
    timeout=TIMEOUT_SECONDS,
    limits=httpx.Limits(max_connections=256, max_keepalive_connections=256),
)


async def _session(request):
    held = await store.get(f"starlette:{request.cookies.get('session', '')}")
    return json.loads(held) if held else {}


async def _save(session, response):
    session_id = secrets.token_urlsafe(32)
    await store.set(f"starlette:{session_id}", json.dumps(session), ex=IDLE_SECONDS)
    response.set_cookie("session", session_id, secure=True, httponly=True, samesite="lax")
    return response


async def login(request):
    if request.method == "POST":
        return await _submit(request)
    csrf = secrets.token_hex(20)
    about = {"csrf_field": "csrf_token", "csrf": csrf, "username": "", "error": None}
    return await _save({"csrf": csrf}, templates.TemplateResponse(request, "login.html", about))


async def _submit(request):
    form, session = await request.form(), await _session(request)
    if not secrets.compare_digest(session.get("csrf", "-"), form.get("csrf_token", "")):
        return PlainTextResponse("The form has expired.", 400)
    reply = (await vendor.post(TOKEN_URL, json=grant(form["username"], form["password"]))).json()
    if reply["result"] != "success":
        return PlainTextResponse("Please try again.", 422)
    session = {name: reply[name] for name in ("username", "access_token", "refresh_token")}
    await store.delete(f"starlette:{request.cookies['session']}")
    return await _save(session | {"csrf": secrets.token_hex(20)}, RedirectResponse("/account", 303))


async def account(request):
    session = await _session(request)
    if "access_token" not in session:
        return RedirectResponse("/login", 303)
    await store.expire(f"starlette:{request.cookies['session']}", IDLE_SECONDS)
    reply = (await vendor.get(ACCOUNT_URL, params=query(session["access_token"]))).json()
    about = {"csrf_field": "csrf_token", "csrf": session["csrf"], "username": session["username"]}
    return templates.TemplateResponse(request, "account.html", about | {"account": reply})


app = Starlette(routes=[Route("/login", login, methods=["GET", "POST"]), Route("/account", account)])
