'use strict'

// The names of the package. Each is assigned on its own so that `import { … }` finds it, too.

const native = require('./native.js')
const { AccessToken } = require('./access_token.js')
const { response } = require('./answer.js')
require('./calls.js')

/** A setting is wrong: `setting` names it, `message` says what it should look like. */
class ConfigError extends Error {
  constructor(setting, message) {
    super(`${setting}: ${message}`)
    this.setting = setting
  }
}
Object.defineProperties(ConfigError.prototype, {
  name: { value: 'ConfigError' },
  code: { value: 'ERR_MCP_BEARER_CONFIG' },
})
native.useConfigError(ConfigError)

exports.AccessToken = AccessToken
exports.ConfigError = ConfigError
exports.Guard = native.Guard
exports.Issuers = native.Issuers
exports.MetadataRoutes = native.MetadataRoutes
exports.OperationGuard = native.OperationGuard
exports.OperationPolicy = native.OperationPolicy
exports.ProtectedResourceMetadata = native.ProtectedResourceMetadata
exports.Requirement = native.Requirement
exports.ResourceServer = native.ResourceServer
exports.internalDenial = () => response(native.internalDenial())
