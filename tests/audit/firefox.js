// The main job in Firefox: node firefox.js URL. Prints what a guest sees at each step as JSON.
import puppeteer from "puppeteer-core";

const [url] = process.argv.slice(2);
const browser = await puppeteer.launch({ browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr", headless: true });
try {
  const page = await browser.newPage();
  const seen = () => page.evaluate(() => ({ path: location.pathname, text: document.body.innerText, revealed: !document.querySelector(".reveal")?.hidden }));
  const submit = async (username, password) => {
    await page.$eval("#username", (field) => (field.value = ""));
    await page.type("#username", username);
    await page.type("#password", password);
    await Promise.all([page.waitForNavigation(), page.click("main form button[type=submit]")]);
  };
  await page.goto(`${url}/account`);
  const form = await seen();
  await submit("ana", "wrong");
  const refused = { ...(await seen()), focus: await page.evaluate(() => document.activeElement.getAttribute("role")) };
  await submit("ana", "taco-tuesday");
  const account = await seen();
  await Promise.all([page.waitForNavigation(), page.click("header form button")]);
  const out = await seen();
  await page.goBack();
  await new Promise((done) => setTimeout(done, 1000));
  console.log(JSON.stringify({ form, refused, account, out, back: await seen() }));
} finally {
  await browser.close();
}
