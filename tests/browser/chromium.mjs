// Where the Chromium of this machine is.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { chromium } from 'playwright-core';

// As Debian, Ubuntu and Google call it.
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** The path of CHROMIUM, of one in PATH, or of Playwright's own; undefined if there is none. */
export function findChromium() {
  const folders = process.env.PATH.split(delimiter);
  const inPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.CHROMIUM, ...inPath, chromium.executablePath()].find(isExecutable);
}

/** Without a window. @returns {Promise<import('playwright-core').Browser>} */
export function launch(executablePath) {
  return chromium.launch({ executablePath });
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
