// Bundles the HUD: `node hud/build.mjs` makes build/hud/ (hashed modules, one style sheet, the page, the licences, each with a gzip beside
// it where that is smaller) and build/hud/assets.def, which server/admin/hud.c takes into the program. Fails when a budget is exceeded.
// `node hud/build.mjs --measure` writes nothing, and says the figures as a line of JSON. `node hud/build.mjs --watch` makes build/hud-dev/ anew
// at each change; `egdb serve --web-dir build/hud-dev` serves it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const SOURCE = join(ROOT, 'hud');
const PACKAGES = join(ROOT, 'build/hud-npm/node_modules');
const OWN_MOST_B = 120 * 1024; // all own modules, compressed as all that is sent; and those that a view needs, minified, before compression
const FIRST_MOST_B = 150 * 1024; // what the first view needs, compressed
const FIRST_VIEW = 'hud/views/overview.js';
const LEAST_ZIPPED_B = 1024;
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

const watching = process.argv.includes('--watch');
const measuring = process.argv.includes('--measure');
const OUT = join(ROOT, watching ? 'build/hud-dev' : 'build/hud');
if (!existsSync(join(PACKAGES, 'esbuild'))) {
  console.error('hud: build/hud-npm is not there: run scripts/hud.sh');
  process.exit(1);
}
const esbuild = createRequire(join(PACKAGES, 'x.js'))('esbuild');

const hash = (bytes) => createHash('sha256').update(bytes).digest('base64url').replace(/[-_]/g, '0').slice(0, 10);

// The style sheets of the room and of its views, in the order of their names, behind uPlot's own.
function styles() {
  const own = ['css', 'components', 'views'].flatMap((folder) =>
    readdirSync(join(SOURCE, folder)).filter((name) => name.endsWith('.css')).sort().map((name) => join(SOURCE, folder, name)));
  const text = [join(PACKAGES, 'uplot/dist/uPlot.min.css'), ...own].map((path) => readFileSync(path, 'utf8')).join('\n');
  return esbuild.transformSync(text, { loader: 'css', minify: !watching }).code;
}

// Templates carry their indentation to the reader's browser: taken off here. (No text of ours means something by the blanks at a line's start.)
const unindent = {
  name: 'unindent',
  setup(build) {
    build.onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!path.startsWith(SOURCE + sep)) return null;
      return { contents: readFileSync(path, 'utf8').replace(/\n[ \t]+/g, '\n'), loader: 'js' };
    });
  },
};

async function bundle() {
  return esbuild.build({
    plugins: watching ? [] : [unindent],
    absWorkingDir: ROOT,
    entryPoints: [{ in: 'hud/main.js', out: 'main' }],
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: !watching,
    sourcemap: watching ? 'inline' : false,
    legalComments: 'none', // they stand whole in the licences page
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    nodePaths: [PACKAGES],
    outdir: OUT,
    write: false,
    metafile: true,
    logLevel: 'warning',
  });
}

// Whose code is in the page, under what terms: the packages that the bundle took anything of.
function licences(metafile) {
  const used = new Set();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (found && bytesInOutput > 0) used.add(found[1]);
    }
  }
  used.add('uplot');
  const parts = [...used].sort().map((name) => {
    const folder = join(PACKAGES, name);
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} comes without a licence`);
    return `${name} ${about.version} (${about.license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return `The HUD of EGDB contains code of these packages, under these terms.\n\n${parts.join('\n' + '-'.repeat(80) + '\n\n')}`;
}

// The outputs that a module needs before it runs; `later`: also those that it may load when it runs.
function closure(metafile, path, into = new Set(), later = false) {
  if (into.has(path)) return into;
  into.add(path);
  for (const { path: needed, kind } of metafile.outputs[path].imports) {
    if (kind === 'import-statement' || later) closure(metafile, needed, into, later);
  }
  return into;
}

function collect(result) {
  const files = new Map();
  const outputs = result.metafile.outputs;
  for (const file of result.outputFiles) files.set(basename(file.path), Buffer.from(file.contents));
  const style = Buffer.from(styles());
  const icon = readFileSync(join(SOURCE, 'icon.svg'));
  const names = { style: `style-${hash(style)}.css`, icon: `icon-${hash(icon)}.svg` };
  files.set(names.style, style);
  files.set(names.icon, icon);
  files.set('licences.txt', Buffer.from(licences(result.metafile)));
  const main = Object.keys(outputs).find((path) => outputs[path].entryPoint === 'hud/main.js');
  const needed = [...closure(result.metafile, main)];
  const page = readFileSync(join(SOURCE, 'index.html'), 'utf8')
    .replace('{{style}}', names.style)
    .replace('{{icon}}', names.icon)
    .replace('{{main}}', basename(main))
    .replace('{{preload}}', needed.slice(1).map((path) => `<link rel="modulepreload" href="${basename(path)}">`).join('\n'));
  files.set('index.html', Buffer.from(page));
  const view = Object.keys(outputs).find((path) => outputs[path].entryPoint === FIRST_VIEW);
  const chart = Object.keys(outputs).filter((path) => basename(path).startsWith('uPlot')); // which the first view draws with
  const first = new Set([...needed, ...closure(result.metafile, view), ...chart].map((path) => basename(path)));
  return { files, first: [...first, 'index.html', names.style, names.icon] };
}

// What is our own in the modules: minified, its share of what is sent, and the most that one view needs, with all that it may load.
function measure(metafile, wire) {
  const { outputs } = metafile;
  const ownIn = (path) => Object.entries(outputs[path].inputs).reduce((sum, [input, { bytesInOutput }]) => sum + (input.startsWith('hud/') ? bytesInOutput : 0), 0);
  const own = { minified: 0, sent: 0, view: { b: 0, name: '' } };
  const main = closure(metafile, Object.keys(outputs).find((path) => outputs[path].entryPoint === 'hud/main.js'));
  for (const [path, output] of Object.entries(outputs)) {
    const bytes = ownIn(path);
    own.minified += bytes;
    own.sent += (wire(basename(path)) * bytes) / Math.max(1, output.bytes);
    if (!output.entryPoint?.startsWith('hud/views/')) continue;
    const b = [...closure(metafile, path, new Set(main), true)].reduce((sum, one) => sum + ownIn(one), 0);
    if (b > own.view.b) own.view = { b, name: basename(output.entryPoint, '.js') };
  }
  return own;
}

// The figures that the budgets are about, for whoever looks.
function tell(files, zipped, first, metafile) {
  const wire = (name) => zipped.get(name)?.length ?? files.get(name).length;
  const own = measure(metafile, wire);
  const total = first.reduce((sum, name) => sum + wire(name), 0);
  if (measuring) {
    console.log(JSON.stringify({ own_sent_b: Math.round(own.sent), own_minified_b: own.minified, view: own.view.name,
      view_minified_b: own.view.b, first_sent_b: total }));
    return;
  }
  const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
  console.log(`  hud: own modules ${kib(own.sent)} of ${kib(OWN_MOST_B)} compressed (${kib(own.minified)} minified); ` +
    `the largest view (${own.view.name}) ${kib(own.view.b)} of ${kib(OWN_MOST_B)} own and minified; ` +
    `first view ${kib(total)} of ${kib(FIRST_MOST_B)} compressed; ${files.size} files`);
  if (process.argv.includes('--sizes')) {
    for (const name of [...files.keys()].sort()) console.log(`    ${name} ${kib(files.get(name).length)}, sent ${kib(wire(name))}`);
  }
  if (Math.max(own.sent, own.view.b) > OWN_MOST_B || total > FIRST_MOST_B) throw new Error('a budget of hud/build.mjs is exceeded');
}

function write(files, zipped) {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const rows = [];
  for (const name of [...files.keys()].sort()) {
    const bytes = files.get(name);
    writeFileSync(join(OUT, name), bytes);
    if (zipped.has(name)) writeFileSync(join(OUT, `${name}.gz`), zipped.get(name));
    const type = TYPES[name.slice(name.lastIndexOf('.'))];
    rows.push(`X(${rows.length}, "${name}", "${type}", "${hash(bytes)}", ${zipped.has(name) ? 1 : 0})`);
  }
  // Last, and not before all else is there: make looks at its time.
  writeFileSync(join(OUT, 'assets.def'), `/* Made by hud/build.mjs. */\n${rows.join('\n')}\n`);
}

async function build() {
  const result = await bundle();
  const { files, first } = collect(result);
  const zipped = new Map();
  if (!watching) {
    for (const [name, bytes] of files) {
      const gz = bytes.length > LEAST_ZIPPED_B ? gzipSync(bytes, { level: 9 }) : bytes;
      if (gz.length < bytes.length) zipped.set(name, gz);
    }
    tell(files, zipped, first, result.metafile);
  }
  if (!measuring) write(files, zipped);
}

if (watching) {
  let timer;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => build().then(() => console.log(`hud: made ${relative(ROOT, OUT)}`), (error) => console.error(error.message)), 50);
  };
  watch(SOURCE, { recursive: true }, again);
  again();
} else {
  build().catch((error) => {
    console.error(`hud: ${error.message}`);
    process.exit(1);
  });
}
