// What the quickstart leaves to its reader: where todos are kept, here in memory.

const todos = new Map()
let last = 0

const ofUser = user => [...todos.values()].filter(todo => todo.user === user)
const show = ({ id, title }) => ({ id, title })

export const getTodos = async user => ofUser(user).map(show)

export async function createTodo(user, data) {
  if (typeof data?.title !== 'string') throw Object.assign(new Error('a todo has a title'), { status: 400 })
  const todo = { id: String(++last), title: data.title, user }
  todos.set(todo.id, todo)
  return show(todo)
}

export async function deleteTodo(user, id) {
  if (todos.get(id)?.user !== user) throw Object.assign(new Error('no such todo'), { status: 404 })
  todos.delete(id)
}
