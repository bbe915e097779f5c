// PORT=3000 node cluster.mjs, in the folder of the Express example: two workers of it.
//
// Each answer says in X-Worker which of them gave it.
import cluster from 'node:cluster';
import { Server } from 'node:http';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  process.on('SIGTERM', () => {
    for (const worker of workers) worker.kill();
    process.exit();
  });
} else {
  const { emit } = Server.prototype;
  Server.prototype.emit = function (event, request, response, ...rest) {
    if (event === 'request') response.setHeader('X-Worker', String(process.pid));
    return emit.call(this, event, request, response, ...rest);
  };
  const { main } = JSON.parse(readFileSync('package.json', 'utf8'));
  await import(pathToFileURL(resolve(main)));
}
