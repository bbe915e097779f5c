// Starting and stopping what the demo runs: free ports, a server until it answers, a client driver.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOPBACK = '127.0.0.1';
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 60_000;

/** The preferred port if it is free, or any other. */
export async function freePort(preferred) {
  for (const port of [preferred, 0]) {
    const probe = createServer();
    const listening = await new Promise((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, LOOPBACK, () => resolve(true));
    });
    if (!listening) continue;
    const { port: free } = probe.address();
    probe.close();
    await once(probe, 'close');
    return free;
  }
  throw new Error('no free port');
}

const running = new Set();

export async function stopEverything() {
  await Promise.all([...running].map((child) => stop(child)));
}

/** Runs a `run` script, or a command, until `readyUrl` answers as a server that is ready does. */
export async function startServer({ run, args = [], env, readyUrl, readyStatus = 200 }) {
  const child = start(run, args, { ...process.env, ...env });
  const output = collect(child.stdout, child.stderr);
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const { status } = await fetch(readyUrl).catch(() => ({}));
    if (status === readyStatus) return { stop: () => stop(child), output };
    if (child.failed || child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      await stop(child);
      const reason = child.failed ?? `${readyUrl} never answered ${readyStatus} (last: ${status ?? 'no answer'})`;
      throw new Error(`${run} did not start: ${reason}\n${output()}`);
    }
    await sleep(100);
  }
}

/** A client program that takes one JSON command a line and reports its HTTP exchanges. */
export class Driver {
  #child;
  #output;
  #settle;
  /** What the client has left to its user, by name. */
  raised = [];

  constructor([command, ...args], env, { onRequest, onResponse }) {
    this.#child = start(command, args, { ...process.env, ...env });
    this.#output = collect(this.#child.stderr);
    this.#child.once('close', (code) => this.#answer({ failed: this.#child.failed ?? `it ended (${code})` }));
    const requests = new Map();
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const message = JSON.parse(line);
      if (message.request) {
        requests.set(message.request.id, message.request);
        onRequest(message.request);
      } else if (message.response) {
        onResponse(requests.get(message.response.id), message.response);
      } else if (message.raised) {
        this.raised.push(message.raised);
      } else {
        this.#answer(message);
      }
    });
  }

  async do(command) {
    const answer = new Promise((resolve) => (this.#settle = resolve));
    const timeout = setTimeout(() => this.#answer({ failed: 'no answer' }), ANSWER_WITHIN_MS);
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { done, failed } = await answer;
    clearTimeout(timeout);
    if (failed) throw new Error(`the client could not ${command.do} ${command.tool ?? ''}: ${failed}`);
    return done;
  }

  #answer(message) {
    this.#settle?.(message);
  }

  output() {
    return this.#output();
  }

  async stop() {
    this.#child.stdin.end();
    await stop(this.#child);
  }
}

// Each child leads a process group, so that what a `run` script started ends with it.
function start(command, args, env) {
  const child = spawn(command, args, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // it may end before it has read everything
  child.on('error', (error) => (child.failed = error.message));
  running.add(child);
  return child;
}

async function stop(child) {
  if (!running.delete(child) || child.pid === undefined) return;
  const ended = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit');
  signal(child, 'SIGTERM');
  const kill = setTimeout(() => signal(child, 'SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(kill);
}

function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch {
    // already gone
  }
}

// The last lines that it wrote, for when something fails.
function collect(...streams) {
  const lines = [];
  for (const stream of streams) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 40) lines.shift();
    });
  }
  return () => lines.map((line) => `    | ${line}`).join('\n');
}
