#!/usr/bin/env node
'use strict'

const { cli } = require('../native.js')

process.exitCode = cli(process.argv.slice(2))
