'use strict'

// The calls on requests, as they are documented: what decides goes in, the documented object comes out.
// The classes themselves are the addon's, and so is what is called here. No rule is here.

const native = require('./native.js')
const { handleOf } = require('./access_token.js')
const { authentication, decision, entry, permitted, response } = require('./answer.js')
const { listen } = require('./observe.js')
const { ask, judge } = require('./request.js')

const { guard, operationGuard, resourceServer } = native
const guardOf = handles(native.Guard)
const operationGuardOf = handles(native.OperationGuard)
const policyOf = handles(native.OperationPolicy)
const requirementOf = handles(native.Requirement)
const serverOf = handles(native.ResourceServer)

const showsTool = method(native.ResourceServer, 'showsTool')
const filterToolsList = method(native.ResourceServer, 'filterToolsList')

define(native.ResourceServer, {
  tryAuthenticate(request) {
    return authentication(ask(resourceServer.tryAuthenticate, serverOf(this), request))
  },
  authenticate(request) {
    const later = () => ask(resourceServer.authenticate, serverOf(this), request)
    return soon(this.tryAuthenticate(request), later, authentication)
  },
  tryAuthorize(request, requirement) {
    return decision(ask(resourceServer.tryAuthorize, serverOf(this), request, requirementOf(requirement)))
  },
  authorize(request, requirement) {
    const later = () => ask(resourceServer.authorize, serverOf(this), request, requirementOf(requirement))
    return soon(this.tryAuthorize(request, requirement), later, decision)
  },
  permit(token, requirement) {
    listen()
    return permitted(resourceServer.permit(serverOf(this), handleOf(token), requirementOf(requirement)), token)
  },
  permitOperation(token, policy, request) {
    const handle = token && handleOf(token)
    return permitted(judge(resourceServer.permitOperation, serverOf(this), handle, request, policyOf(policy)), token)
  },
  showsTool(token, policy, name) {
    return showsTool(this, handleOf(token), policy, name)
  },
  filterToolsList(token, policy, result) {
    const { tools } = result
    const shown = tools === undefined ? {} : { tools: filterToolsList(this, handleOf(token), policy, tools) }
    return { ...result, ...shown, cacheScope: 'private' }
  },
})

const guards = [
  [native.Guard, guard, guardOf],
  [native.OperationGuard, operationGuard, operationGuardOf],
]
for (const [Class, { tryEnter, enter }, of] of guards) {
  define(Class, {
    tryEnter(request) {
      return entry(ask(tryEnter, of(this), request))
    },
    enter(request) {
      return soon(this.tryEnter(request), () => ask(enter, of(this), request), entry)
    },
  })
}

define(native.OperationGuard, {
  permit(token, request) {
    return permitted(judge(operationGuard.permit, operationGuardOf(this), token && handleOf(token), request), token)
  },
})

for (const Class of [native.MetadataRoutes, native.ProtectedResourceMetadata]) {
  const respond = method(Class, 'respond')
  define(Class, {
    respond(request) {
      const answer = ask(respond, this, request)
      return answer === null ? null : response(answer)
    },
  })
}

/** Gives a class these methods, instead of the addon's. */
function define({ prototype }, methods) {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true })
  }
}

/** A method of the addon as a function of the instance, too. */
function method({ prototype }, name) {
  return Function.prototype.call.bind(prototype[name])
}

/** From the instances of a class to what the functions of the addon know them by. */
function handles({ prototype }) {
  const handle = method({ prototype }, 'handle')
  delete prototype.handle
  const known = new WeakMap()
  return instance => {
    let own = known.get(instance)
    if (own === undefined) known.set(instance, (own = handle(instance)))
    return own
  }
}

/** A promise of what is there already, or comes. */
function soon(now, later, answer) {
  return now === null ? later().then(answer) : Promise.resolve(now)
}
