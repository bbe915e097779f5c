// Which resources (MCP servers) this environment knows, and which `resource` parameters name them.

/** Reads RESOURCES, or RESOURCE_ID and MCP_SERVER_URL, into `{ id: serverUrl | undefined }`. */
export function parseResources(env) {
  if (!env.RESOURCES) {
    return { [env.RESOURCE_ID || 'res_todo']: env.MCP_SERVER_URL || undefined };
  }
  const entries = env.RESOURCES.split(' ').filter(Boolean).map((entry) => {
    const [, id, url] = /^([^=]+)(?:=(.+))?$/.exec(entry) ?? [];
    if (!id) throw new Error(`RESOURCES: expected "id" or "id=url", got "${entry}"`);
    return [id, url];
  });
  return Object.fromEntries(entries);
}

export class Resources {
  #environment;
  #urls;

  constructor(environment, urls) {
    for (const id of Object.keys(urls)) {
      if (!/^[\w-]+$/.test(id)) throw new Error(`a resource id is letters, digits, _ and -, not "${id}"`);
    }
    this.#environment = environment;
    this.#urls = urls;
  }

  get ids() {
    return Object.keys(this.#urls);
  }

  /** The identifier of the resource's own authorization server. */
  issuerOf(id) {
    return `${this.#environment}/resources/${id}`;
  }

  /** What a client gets that names no resource; the issuer stands for "no Server URL registered". */
  defaultIndicator(id) {
    return this.#urls[id] ?? this.issuerOf(id);
  }

  /** The first of `ids` that a `resource` parameter may name, or undefined. */
  find(indicator, ids) {
    return ids.find((id) => indicator === this.issuerOf(id) || names(indicator, this.#urls[id]));
  }

  /** Scalekit's `aud`: the Server URL, as the client spelled it, and the id; else the id alone. */
  audienceOf(indicator, id) {
    return indicator === this.issuerOf(id) ? [id] : [indicator, id];
  }
}

// An origin is also accepted with its slash, since clients that pass identifiers through a URL type
// send `https://host/` for `https://host`. Everything else is compared byte for byte.
function names(indicator, registered) {
  if (registered === undefined) return /^https?:\/\//.test(indicator);
  if (indicator === registered) return true;
  const [shorter, longer] = [indicator, registered].sort((a, b) => a.length - b.length);
  return longer === `${shorter}/` && new URL(longer).pathname === '/';
}
