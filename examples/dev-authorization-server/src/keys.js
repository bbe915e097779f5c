// Signing keys: RS256, 2048 bits, with Scalekit's kind of key id. The first key of a set signs.

import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

export async function newSigningKey() {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const kid = `snk_${randomBytes(8).toString('hex')}`;
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

/** Puts a new key in front. The old ones stay published unless they are retired. */
export async function rotated(keys, { retire = false } = {}) {
  const key = await newSigningKey();
  return retire ? [key] : [key, ...keys];
}
