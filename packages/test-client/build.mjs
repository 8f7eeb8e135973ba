// Builds the page into dist/, or with --tests the unit tests into node_modules/.cache.
import { build } from 'esbuild';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';

const PAGE = 'whatsapp-websocket-test';
const TESTS_OUT = 'node_modules/.cache/test-client-tests';

if (process.argv.includes('--tests')) {
  await buildTests();
} else {
  await buildPage();
}

async function buildPage() {
  await rm('dist', { recursive: true, force: true });
  await mkdir('dist', { recursive: true });
  await build({
    entryPoints: { [PAGE]: 'src/main.ts', login: 'src/login/main.ts' },
    outdir: 'dist',
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['es2022'],
    charset: 'utf8',
    legalComments: 'none',
  });
  await build({
    entryPoints: { [PAGE]: 'src/styles/page.css', login: 'src/styles/login.css' },
    outdir: 'dist',
    bundle: true,
    minify: true,
    target: ['chrome111', 'firefox113', 'safari16.4'],
    charset: 'utf8',
  });
  const html = await readFile(`static/${PAGE}.html`, 'utf8');
  assertOneMode(html);
  const login = await readFile('static/login.html', 'utf8');
  for (const page of [html, login]) assertServable(page);
  await writeFile(`dist/${PAGE}.html`, html);
  await writeFile('dist/login.html', login);
  const socketIo = await readFile('node_modules/socket.io-client/dist/socket.io.min.js', 'utf8');
  await writeFile('dist/socket.io.js', socketIo.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'));
}

async function buildTests() {
  await rm(TESTS_OUT, { recursive: true, force: true });
  const files = (await readdir('tests')).filter((name) => name.endsWith('.test.ts'));
  await build({
    entryPoints: files.map((name) => `tests/${name}`),
    outdir: TESTS_OUT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: ['node20'],
    sourcemap: 'inline',
  });
}

/** The server replaces the mode once. */
function assertOneMode(html) {
  const modes = html.split('data-waypost-mode="live"').length - 1;
  if (modes !== 1) throw new Error(`the mode attribute must occur once, found ${modes}`);
}

/** The Content-Security-Policy allows nothing inline. */
function assertServable(html) {
  if (/\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)/i.test(html)) {
    throw new Error('inline style, script or event handler: the Content-Security-Policy would refuse it');
  }
}
