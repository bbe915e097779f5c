// Automatic login and consent: the step in which a person would sign in and approve. Whoever asks
// is signed in as `login_hint` and granted every scope that was asked for.

import { interactionPolicy } from 'oidc-provider';

const { Check, Prompt } = interactionPolicy;
const DEFAULT_ACCOUNT = 'usr_dev';

/** An interaction policy that never shows a page. It knows the prompts, since clients send
 *  `prompt=consent` with `offline_access`, and answers each by itself. */
export function automaticPolicy() {
  const login = new Prompt({ name: 'login', requestable: true });
  const consent = new Prompt({ name: 'consent', requestable: true });
  // Without the built-in checks "prompt was not resolved", which would redirect to a page.
  login.checks.clear();
  consent.checks.clear();
  login.checks.add(
    new Check('automatic', 'login and consent complete by themselves', async (ctx) => {
      await signInAndApprove(ctx);
      return Check.NO_NEED_TO_PROMPT;
    }),
  );
  return [login, consent];
}

export async function findAccount(ctx, accountId) {
  return { accountId, claims: async () => ({ sub: accountId }) };
}

async function signInAndApprove(ctx) {
  const { provider, session, client, params, resourceServers } = ctx.oidc;
  const accountId = params.login_hint || DEFAULT_ACCOUNT;

  session.loginAccount({ accountId });
  session.ensureClientContainer(client.clientId);
  ctx.oidc.entity('Account', await findAccount(ctx, accountId));

  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  if (params.scope) {
    grant.addOIDCScope(params.scope);
    for (const resource of Object.keys(resourceServers)) {
      grant.addResourceScope(resource, params.scope);
    }
  }
  await grant.save();
  session.grantIdFor(client.clientId, grant.jti);
  ctx.oidc.entity('Grant', grant);
}
