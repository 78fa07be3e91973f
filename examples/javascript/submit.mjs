// Have a job done with fetch, in Node.js 18 or newer: its result goes to standard output.
//   node submit.mjs http://localhost:8000 text.statistics '{"text": "to be or not to be"}'
// `run` works in a browser too, on pages of the API's own origin.
// Where the API is closed, JOBS_TOKEN is sent to it, and to no other host that it leads to.

const LATER = new Set([429, 502, 503, 504]);
const TRIES_MAX = 8;
const TIMEOUT_MS = 60_000; // longer than the wait that is asked for below

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * Math.max(0, seconds)));
const retryAfter = (answer) => Number(answer?.headers.get("Retry-After")) || 0;

const token = globalThis.process?.env.JOBS_TOKEN;
const identity = token ? { Authorization: `Bearer ${token}` } : {};

/** Call until there is an answer other than "later". */
async function call(url, options = {}) {
  for (let attempt = 1; ; attempt++) {
    let answer, problem;
    try {
      const headers = { ...options.headers, ...identity };
      answer = await fetch(url, { ...options, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await answer.text();
      if (!LATER.has(answer.status)) return { answer, text };
      problem = `${answer.status} ${text}`;
    } catch (error) {
      problem = String(error.cause ?? error);
    }
    if (attempt === TRIES_MAX) throw new Error(`no answer from ${url}: ${problem}`);
    await pause(Math.max(retryAfter(answer), Math.min(0.2 * 2 ** attempt, 10)));
  }
}

function expect(status, { answer, text }) {
  if (answer.status !== status) throw new Error(`${answer.url} answered ${answer.status}: ${text}`);
}

/**
 * Submit a job, wait for its end, return its result.
 * `input` is JSON text, sent as it is; `onAccepted` is told where the job is.
 */
export async function run(api, type, input, onAccepted = () => {}) {
  const accepted = await call(`${api.replace(/\/$/, "")}/jobs`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      // the same key on every try: however often it is sent, there is one job
      "Idempotency-Key": `"${globalThis.crypto?.randomUUID() ?? `${Date.now()}-${Math.random()}`}"`,
    },
    body: `{"type": ${JSON.stringify(type)}, "input": ${input}}`,
  });
  expect(202, accepted);
  const url = new URL(accepted.answer.headers.get("Location"), accepted.answer.url);
  onAccepted(url.href);

  for (;;) {
    const askedAt = Date.now();
    const looked = await call(url, { headers: { Prefer: "wait=20" } });
    expect(200, looked);
    const job = JSON.parse(looked.text);
    if (job.finished_at) {
      const result = await call(new URL(job.links.result, url));
      expect(200, result);
      return result.text;
    }
    // a server that cannot hold the request answers at once
    await pause(retryAfter(looked.answer) - (Date.now() - askedAt) / 1000);
  }
}

if (globalThis.process?.argv[1]?.endsWith("submit.mjs")) {
  if (process.argv.length !== 5) {
    console.error("Usage: node submit.mjs URL TYPE INPUT");
    process.exit(2);
  }
  try {
    console.log(await run(...process.argv.slice(2), (url) => console.error(url)));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
