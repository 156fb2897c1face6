// An identity provider on loopback: `node provider.js PORT REDIRECT_URI`. Each account is what its name says below.
import Provider from "oidc-provider";
import http from "node:http";

const [port, redirectUri] = process.argv.slice(2);
const accounts = {
  ana: { email: "Ana@Example.com", email_verified: true, groups: [] },
  ben: { email: "ben@example.com", email_verified: true, groups: ["Kitchen", "Marketing"] },
  eve: { email: "eve@elsewhere.test", email_verified: true, groups: ["Kitchen"] },
  mal: { email: "ana@example.com", email_verified: false, groups: [] },
  gus: { preferred_username: "ana@example.com", groups: ["Marketing"] },
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "words", client_secret: "marker-client-secret-0123456789", redirect_uris: [redirectUri] }],
  claims: { openid: ["sub", "groups"], email: ["email", "email_verified"], profile: ["preferred_username"] },
  pkce: { required: () => true, methods: ["S256"] },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["only for tests"] },
  findAccount: (_, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
});
http.createServer(provider.callback()).listen(Number(port), "127.0.0.1");
