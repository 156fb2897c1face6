"""The stock Flask stack: Flask-Session on Redis, Flask-WTF, a requests call at a time, as their documentation shows."""

import os

import redis
import requests
from flask import Flask, redirect, render_template, session
from flask_session import Session
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect, generate_csrf
from paytronix import ACCOUNT_URL, CREDENTIALS, TIMEOUT_SECONDS, TOKEN_URL, grant, query
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

app = Flask(__name__)
app.config.update(
    SECRET_KEY="a-key-for-measurements-and-nothing-else",
    SESSION_TYPE="redis",
    SESSION_REDIS=redis.Redis.from_url(os.environ["STORE_URL"]),
)
Session(app)
CSRFProtect(app)


class LoginForm(FlaskForm):
    username = StringField(validators=[DataRequired()])
    password = PasswordField(validators=[DataRequired()])


@app.route("/login", methods=["GET", "POST"])
def login():
    form = LoginForm()
    error = None
    if form.validate_on_submit():
        reply = requests.post(
            TOKEN_URL,
            json=grant(form.username.data, form.password.data),
            auth=CREDENTIALS,
            timeout=TIMEOUT_SECONDS,
        ).json()
        if reply["result"] == "success":
            session["username"] = reply["username"]
            session["access_token"] = reply["access_token"]
            session["refresh_token"] = reply["refresh_token"]
            return redirect("/account", 303)
        error = "Please try again."
    about = {"csrf_field": "csrf_token", "csrf": generate_csrf(), "username": form.username.data or ""}
    return render_template("login.html", **about, error=error)


@app.get("/account")
def account():
    if "access_token" not in session:
        return redirect("/login", 303)
    reply = requests.get(
        ACCOUNT_URL, params=query(session["access_token"]), auth=CREDENTIALS, timeout=TIMEOUT_SECONDS
    ).json()
    about = {"csrf_field": "csrf_token", "csrf": generate_csrf(), "username": session["username"]}
    return render_template("account.html", **about, account=reply)


@app.post("/logout")
def logout():
    session.clear()
    return redirect("/login", 303)
