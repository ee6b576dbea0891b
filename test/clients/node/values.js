// Filters that a form leaves empty; each line says how many rows a statement took, or
// which error it got.
const { Client } = require('pg')

async function main() {
  const client = new Client()
  await client.connect()
  const attempt = async (text, values, name) => {
    try {
      const { rowCount } = await client.query({ name, text, values })
      console.log(rowCount)
    } catch ({ code }) {
      console.log(code)
    }
  }
  const optional = 'DELETE FROM notes WHERE $1::int IS NULL OR id = $1::int'
  await attempt(optional, [null])
  await attempt(optional, [1])
  await attempt(optional, [null], 'optional')
  await attempt(optional, [2], 'optional')
  await attempt('DELETE FROM notes WHERE text LIKE $1', ['%'])
  await attempt('DELETE FROM notes WHERE text LIKE $1', ['note 3%'])
  await attempt('DELETE FROM notes WHERE id = ANY ($1)', [[4, 5]])
  await attempt('DELETE FROM notes WHERE id = ANY ($1)', [Array.from({ length: 11 }, (_, i) => i)])
  await client.end()
}

main()
