// Express with its usual companions: express-session in Redis through connect-redis, EJS, and undici to the vendor.
import { randomBytes, timingSafeEqual } from "node:crypto";
import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";
import { Pool } from "undici";

const { PORT, STORE_URL, VENDOR_URL } = process.env;
const credentials = { client_id: "measurement", client_secret: "measurement-secret" };
const authorization = "Basic " + Buffer.from("measurement:measurement-secret").toString("base64");

// This client knows no unix:// addresses.
const store = createClient(
  STORE_URL.startsWith("unix://") ? { socket: { path: STORE_URL.slice(7) } } : { url: STORE_URL },
);
await store.connect();
const vendor = new Pool(VENDOR_URL, { connections: 256, headersTimeout: 10_000, bodyTimeout: 10_000 });

async function call(path, body) {
  const reply = await vendor.request({
    path: "/rest/25.33/" + path,
    method: body ? "POST" : "GET",
    headers: { authorization, accept: "application/json", ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  return reply.body.json();
}

const app = express();
app.set("view engine", "ejs");
app.set("view cache", true);
app.set("trust proxy", 1);
app.use(express.urlencoded({ extended: false }));
app.use(
  session({
    store: new RedisStore({ client: store, ttl: 1800 }),
    secret: "a-key-for-measurements-and-nothing-else",
    resave: false,
    saveUninitialized: false,
    cookie: { secure: true, httpOnly: true, sameSite: "lax" },
  }),
);

function csrf(request) {
  request.session.csrf ??= randomBytes(20).toString("hex");
  return request.session.csrf;
}

function checkForm(request, response, next) {
  const known = Buffer.from(request.session.csrf ?? "-");
  const sent = Buffer.from(request.body.csrf_token ?? "");
  if (known.length !== sent.length || !timingSafeEqual(known, sent)) return response.status(400).send("expired");
  next();
}

app.get("/login", (request, response) => {
  response.render("login", { csrf: csrf(request), username: "", error: null });
});

app.post("/login", checkForm, async (request, response) => {
  const reply = await call("oauth/requestGuestToken.json", {
    authentication: "anonymous",
    ...credentials,
    merchantId: 777777,
    grant_type: "password",
    scope: "user_read user_write account_read account_write",
    username: request.body.username,
    password: request.body.password,
  });
  if (reply.result !== "success") return response.status(422).send("Please try again.");
  request.session.regenerate(() => {
    const { username, access_token, refresh_token } = reply;
    Object.assign(request.session, { username, access_token, refresh_token });
    response.redirect(303, "/account");
  });
});

app.get("/account", async (request, response) => {
  if (!request.session.access_token) return response.redirect(303, "/login");
  const query = new URLSearchParams({
    authentication: "oauth",
    merchantId: 777777,
    access_token: request.session.access_token,
    printedCardNumber: "6000000000410017",
  });
  const account = await call("guest/accountInformation.json?" + query);
  response.render("account", { csrf: csrf(request), username: request.session.username, account });
});

app.post("/logout", checkForm, (request, response) => {
  request.session.destroy(() => response.redirect(303, "/login"));
});

app.listen(Number(PORT), "127.0.0.1");
