// What two independent judges say of the site's headers: node headers.js PORT HTTP_PORT. Prints JSON.
import { mkdirSync, existsSync, writeFileSync } from "node:fs";
import { CspEvaluator } from "csp_evaluator/dist/evaluator.js";
import { CspParser } from "csp_evaluator/dist/parser.js";

const observatory = new URL("./node_modules/@mdn/mdn-http-observatory/", import.meta.url);
const preload = new URL("conf/hsts-preload.json", observatory); // which it would fetch from elsewhere
mkdirSync(new URL("conf/", observatory), { recursive: true });
if (!existsSync(preload)) writeFileSync(preload, "{}");
const { retrieve } = await import(new URL("src/retriever/retriever.js", observatory));
const { ALL_TESTS } = await import(new URL("src/constants.js", observatory));
const { getGradeForScore, getScoreModifier } = await import(new URL("src/grader/grader.js", observatory));

const [httpsPort, httpPort] = process.argv.slice(2).map(Number);
const seen = await retrieve("localhost", { httpsPort, httpPort });
const results = ALL_TESTS.map((test) => test(seen));
const score = results.reduce((sum, each) => sum + getScoreModifier(each.result), 100);
const policy = seen.responses.auto.headers["content-security-policy"];

console.log(
  JSON.stringify({
    grade: getGradeForScore(score).grade,
    score,
    tests: Object.fromEntries(results.map((each) => [each.constructor.name, [each.pass, each.result, getScoreModifier(each.result)]])),
    csp: new CspEvaluator(new CspParser(policy).csp).evaluate(),
  }),
);
