// A page in headless Chromium in the hands of a test: each line of JSON on stdin is a step, and is answered by one line
// of JSON on stdout, `{ "ok": … }` or `{ "error": "…" }`, when it is done.
//
//   node page.mjs <path of Chromium> <width> <height>
//
// Whatever goes wrong on the page by itself is kept for the step `problems`. It ends with its stdin.

import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const STEP_MS_MAX = 40_000;

const [executablePath, width, height] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const page = await browser.newPage({ viewport: { width: Number(width), height: Number(height) } });
page.setDefaultTimeout(STEP_MS_MAX);

const problems = [];
page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`));
page.on('console', (message) => {
  if (message.type() === 'error' || message.type() === 'warning') problems.push(`console: ${message.text()}`);
});
page.on('request', (request) => {
  const { hostname, protocol } = new URL(request.url());
  if (hostname !== '127.0.0.1' && protocol !== 'data:') problems.push(`asks elsewhere: ${request.url()}`);
});
page.on('response', (response) => {
  if (response.status() >= 400) problems.push(`${response.status()} of ${response.url()}`);
});

const steps = {
  goto: ({ url }) => page.goto(url).then(() => true),
  // Waits until at least `count` elements are there, the last of them to be seen.
  see: ({ selector, count }) => page.locator(selector).nth(count - 1).waitFor({ state: 'visible' }).then(() => true),
  gone: ({ selector }) => page.locator(selector).first().waitFor({ state: 'hidden' }).then(() => true),
  click: ({ selector }) => page.locator(selector).first().click().then(() => true),
  fill: ({ selector, text }) => page.locator(selector).first().fill(text).then(() => true),
  text: ({ selector }) => page.locator(selector).first().innerText(),
  attributes: ({ selector, name }) =>
    page.locator(selector).evaluateAll((elements, wanted) => elements.map((element) => element.getAttribute(wanted)), name),
  address: () => Promise.resolve(page.url()),
  screenshot: ({ path }) => page.screenshot({ path }).then(() => true),
  problems: () => Promise.resolve(problems),
};

for await (const line of createInterface({ input: process.stdin })) {
  const step = JSON.parse(line);
  const answer = await steps[step.do](step).then(
    (ok) => ({ ok }),
    (error) => ({ error: error.message }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
