// The program, as npx starts it.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const { bin } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)))
const program = fileURLToPath(new URL(`../${bin['mcp-bearer']}`, import.meta.url))
const run = (args, input = '') => spawnSync(process.execPath, [program, ...args], { input, encoding: 'utf8', timeout: 60_000 })

test('it runs and says how it went', () => {
  const helped = run(['--help'])
  assert.equal(helped.status, 0)
  assert.match(helped.stdout, /mcp-bearer doctor URL/)

  const wrong = run(['doctor'])
  assert.deepEqual([wrong.status, wrong.stdout], [2, ''])
  assert.match(wrong.stderr, /needs the URL/)

  const nobody = run(['doctor', 'http://127.0.0.1:1/mcp', '--json'])
  assert.equal(nobody.status, 1)
  assert.equal(JSON.parse(nobody.stdout).findings.at(-1).id, 'unreachable')

  const decoded = run(['decode', '-'], 'e30.eyJzdWIiOiJhbGljZSJ9.c2VjcmV0\n')
  assert.equal(decoded.status, 0)
  assert.match(decoded.stdout, /"sub": "alice"/)
  assert.doesNotMatch(decoded.stdout, /c2VjcmV0/)
})

test('Ctrl-C ends dev', { skip: process.platform === 'win32' }, async () => {
  const dev = spawn(process.execPath, [program, 'dev', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [printed] = await once(dev.stdout, 'data')
  assert.match(String(printed), /^export MCP_SERVER_URL=/)
  dev.stdout.resume()
  dev.kill('SIGINT')
  assert.deepEqual(await once(dev, 'exit'), [null, 'SIGINT'])
})
