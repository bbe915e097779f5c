// The todos, in memory: every user has a list of their own.

const lists = new Map()
let lastId = 0

export const todos = {
  list: owner => lists.get(owner) ?? [],

  create(owner, title) {
    const todo = { id: String((lastId += 1)), title }
    lists.set(owner, [...this.list(owner), todo])
    return todo
  },

  /** Whether there was one. */
  delete(owner, id) {
    const list = this.list(owner)
    const rest = list.filter(todo => todo.id !== id)
    if (rest.length === list.length) return false
    lists.set(owner, rest)
    return true
  },
}

/**
 * Whose list it is. A subject is unique only together with its issuer; the token of a program that
 * acts for itself may name no subject, only the client.
 */
export function ownerOf({ clientId, extra: { claims } }) {
  // All whose tokens name nobody would share one list.
  if (claims.sub === undefined && clientId === '') throw Object.assign(new Error('the token names nobody'), { status: 403 })
  const who = typeof claims.sub === 'string' ? { user: claims.sub } : { client: clientId }
  return JSON.stringify([claims.iss, who])
}
