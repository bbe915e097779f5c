'use strict'

// The calls on requests, as they are documented: what decides goes in, the documented object comes out.
// The classes themselves are the addon's. No rule is here.

const native = require('./native.js')
const { handleOf } = require('./access_token.js')
const { authentication, decision, entry, permitted, response } = require('./answer.js')
const { listen } = require('./observe.js')
const { ask, judge } = require('./request.js')

replace(native.ResourceServer, {
  tryAuthenticate: call => function (request) {
    return authentication(ask(this, call, request))
  },
  authenticate: call => function (request) {
    return soon(this.tryAuthenticate(request), () => ask(this, call, request).then(authentication))
  },
  tryAuthorize: call => function (request, requirement) {
    return decision(ask(this, call, request, requirement))
  },
  authorize: call => function (request, requirement) {
    return soon(this.tryAuthorize(request, requirement), () => ask(this, call, request, requirement).then(decision))
  },
  permit: call => function (token, requirement) {
    listen()
    return permitted(call.call(this, handleOf(token), requirement), token)
  },
  permitOperation: call => function (token, policy, request) {
    return permitted(judge(this, call, token && handleOf(token), request, policy), token)
  },
  showsTool: call => function (token, policy, name) {
    return call.call(this, handleOf(token), policy, name)
  },
  filterToolsList: call => function (token, policy, result) {
    const { tools } = result
    const shown = tools === undefined ? {} : { tools: call.call(this, handleOf(token), policy, tools) }
    return { ...result, ...shown, cacheScope: 'private' }
  },
})

replace(native.OperationGuard, {
  permit: call => function (token, request) {
    return permitted(judge(this, call, token && handleOf(token), request), token)
  },
})

for (const guard of [native.Guard, native.OperationGuard]) {
  replace(guard, {
    tryEnter: call => function (request) {
      return entry(ask(this, call, request))
    },
    enter: call => function (request) {
      return soon(this.tryEnter(request), () => ask(this, call, request).then(entry))
    },
  })
}

for (const served of [native.MetadataRoutes, native.ProtectedResourceMetadata]) {
  replace(served, {
    respond: call => function (request) {
      const answer = ask(this, call, request)
      return answer === null ? null : response(answer)
    },
  })
}

/** Puts methods around those of the addon. */
function replace({ prototype }, methods) {
  for (const [name, around] of Object.entries(methods)) prototype[name] = around(prototype[name])
}

/** A promise of what is there already, or comes. */
function soon(now, later) {
  return now === null ? later() : Promise.resolve(now)
}
