// A web site with one page: page.mjs, bundled as an application for the web would be.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const LOOPBACK = '127.0.0.1';
// An icon of its own, so that none is asked for.
const PAGE = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/** @returns {Promise<{ origin: string, stop: () => void }>} of a site that has its page at any path */
export async function startSite() {
  const { outputFiles: [script] } = await build({
    entryPoints: [fileURLToPath(new URL('page.mjs', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const server = createServer((req, res) => {
    const isScript = req.url === '/page.js';
    res.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    res.end(isScript ? script.contents : PAGE);
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    origin: `http://${LOOPBACK}:${server.address().port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
