// One oidc-provider for one issuer: either the environment itself or one of its resources.

import Provider, { errors } from 'oidc-provider';

import { automaticPolicy, findAccount } from './consent.js';

const DAY = 24 * 60 * 60;

/**
 * @param {object} options
 * @param {string} options.issuer       what the metadata and the RFC 9207 `iss` say
 * @param {string} options.environment  what the `iss` of access tokens says
 * @param {string[]} options.ids        the resources that this issuer gives tokens for
 * @param {import('./resources.js').Resources} options.resources
 * @param {{ keys: object[], store: import('./store.js').Store, cookieKey: string }} options.state
 *   whose keys are read once: a rotation makes new providers
 * @param {boolean} options.registration  whether clients can register here
 * @param {() => number} options.lifetime  of access tokens, in seconds
 */
export function createProvider(options) {
  const { issuer, environment } = options;
  const provider = new Provider(issuer, configuration(options));
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === 'discovery') ctx.body.jwks_uri = `${environment}/keys`;
    if (ctx.oidc?.route === 'introspection') scalekitIntrospection(ctx.body, options);
  });
  return provider;
}

function configuration({
  ids, resources, scopes, state, registration, lifetime, accessTokenFormat, environment, fetch,
}) {
  return {
    adapter: state.store.adapter,
    jwks: { keys: state.keys },
    cookies: { keys: [state.cookieKey] },
    scopes: ['openid', 'offline_access', ...scopes],
    findAccount,
    loadExistingGrant: async () => undefined, // every authorization is a new grant: see consent.js
    interactions: { policy: automaticPolicy() },
    pkce: { required: () => true },
    responseTypes: ['code'],
    clientBasedCORS: () => true, // browser clients of any origin may use a development server
    ...(fetch && { fetch }),
    extraClientMetadata: { properties: ['scope', 'application_type'], validator: relaxClient },
    formats: { customizers: { jwt: scalekitClaims({ environment, ids, resources }) } },
    routes: {
      authorization: '/oauth/authorize',
      token: '/oauth/token',
      registration: '/oauth/register',
      introspection: '/oauth/introspect',
      revocation: '/oauth/revoke',
      pushed_authorization_request: '/oauth/par',
      jwks: '/keys',
    },
    ttl: {
      AccessToken: lifetime,
      ClientCredentials: lifetime,
      AuthorizationCode: 60,
      Grant: 14 * DAY,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 14 * DAY,
      Session: DAY,
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: (ctx, client, token) => token.clientId === client.clientId },
      registration: { enabled: registration, issueRegistrationAccessToken: false },
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
      resourceIndicators: {
        enabled: true,
        // `oneOf`: the resources of a grant, of which the token request named none.
        defaultResource: (ctx, client, oneOf) => {
          if (oneOf) return oneOf;
          if (ids.length === 1) return resources.defaultIndicator(ids[0]);
          throw new errors.InvalidTarget('several resources: name one with the resource parameter');
        },
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, indicator) => {
          if (!resources.find(indicator, ids)) throw new errors.InvalidTarget();
          return {
            scope: scopes.join(' '),
            audience: indicator,
            accessTokenFormat,
            jwt: { sign: { alg: 'RS256', kid: state.keys[0].kid } },
          };
        },
      },
    },
  };
}

// The shape that Scalekit gives to oidc-provider's RFC 9068 claims.
function scalekitClaims({ environment, ids, resources }) {
  return (ctx, token, { payload }) => {
    payload.iss = environment; // never the resource's issuer
    payload.aud = resources.audienceOf(payload.aud, resources.find(payload.aud, ids));
    payload.nbf = payload.iat;
    if (token.kind === 'ClientCredentials' && payload.scope) {
      // Machine-to-machine tokens carry an array named `scopes`; the token response has a string.
      payload.scopes = payload.scope.split(' ');
      delete payload.scope;
    }
  };
}

// Introspection answers what a JWT would have said.
function scalekitIntrospection(body, { environment, ids, resources }) {
  if (!body?.active) return;
  body.iss = environment;
  if (body.aud) body.aud = resources.audienceOf(body.aud, resources.find(body.aud, ids));
}

// Registered metadata and client-id metadata documents both pass through here.
function relaxClient(ctx, property, value, metadata) {
  if (property === 'scope') {
    // Not enforced, or a client that registered with the first challenge's scope could never step up.
    delete metadata.scope;
  }
  if (property === 'application_type' && metadata.redirect_uris?.some?.(isNativeRedirect)) {
    // RFC 8252: any port on the loopback interface, and private-use schemes such as `cursor:`.
    metadata.application_type = 'native';
  }
}

function isNativeRedirect(uri) {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (!url || url.protocol === 'https:') return false;
  return url.protocol !== 'http:' || ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
}
