'use strict'

// The channel of `node:diagnostics_channel` on which decisions are published.

const { channel } = require('node:diagnostics_channel')

const native = require('./native.js')

const decisions = channel('mcp-bearer:decision')
native.useChannel(event => decisions.publish(event))

let listening = false

/** To be called before a decision: the addon makes events only where somebody listens. */
function listen() {
  if (decisions.hasSubscribers === listening) return
  listening = !listening
  native.listen(listening)
}

module.exports = { listen }
