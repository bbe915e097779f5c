// Where oidc-provider keeps clients, grants, sessions and tokens: one map in memory, shared by the
// environment's and the resources' providers, and handed on when a key rotation replaces them.

export class Store {
  #entries = new Map();

  /** The `adapter` of an oidc-provider configuration: called once per model name. */
  adapter = (model) => {
    const key = (id) => `${model}:${id}`;
    return {
      upsert: async (id, payload, expiresIn) => {
        const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : Infinity;
        this.#entries.set(key(id), { payload, expiresAt });
      },
      find: async (id) => this.#find(key(id)),
      findByUid: async (uid) => this.#search(model, (payload) => payload.uid === uid),
      findByUserCode: async (code) => this.#search(model, (payload) => payload.userCode === code),
      consume: async (id) => {
        const payload = this.#find(key(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        this.#entries.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        for (const [name, { payload }] of this.#entries) {
          if (payload.grantId === grantId) this.#entries.delete(name);
        }
      },
    };
  };

  #find(name) {
    const entry = this.#entries.get(name);
    if (entry && entry.expiresAt <= Date.now()) {
      this.#entries.delete(name);
      return undefined;
    }
    return entry?.payload;
  }

  #search(model, matches) {
    for (const [name, { payload }] of this.#entries) {
      if (name.startsWith(`${model}:`) && matches(payload)) return this.#find(name);
    }
    return undefined;
  }
}
