// What applications do with node-postgres; every line printed must be the same
// direct and through the guard.
const { once } = require('events')
const { pipeline } = require('stream/promises')
const { Readable } = require('stream')
const { Client, Pool } = require('pg')
const Cursor = require('pg-cursor')
const copy = require('pg-copy-streams')

const show = (...values) => console.log(JSON.stringify(values))

async function attempt(client, ...query) {
  try {
    const result = await client.query(...query)
    show([].concat(result).map(({ command, rowCount, rows }) => ({ command, rowCount, rows })))
  } catch ({ code, severity, message, detail, position }) {
    show({ code, severity, message, detail, position })
  }
}

async function queries(client) {
  await attempt(client, 'SELECT 1 AS one; SELECT 2 AS two')
  await attempt(client, 'SELECT $1::int AS n, $2::text AS t, $3::jsonb AS j', [7, "it's", { a: [1, null] }])
  await attempt(client, { name: 'by-id', text: 'SELECT name FROM products WHERE id = $1', values: [3] })
  await attempt(client, { name: 'by-id', text: 'SELECT name FROM products WHERE id = $1', values: [4] })
  await attempt(client, { text: 'SELECT id, name FROM categories WHERE id < $1 ORDER BY id', values: [4], rowMode: 'array' })
  await attempt(client, { text: 'SELECT $1::bytea AS b', values: [Buffer.from([0, 255, 10])], binary: true })
  await attempt(client, 'SELECT 1/0')
  await attempt(client, 'SELECT * FROM products WHERE id = $1', ['not a number'])
  await attempt(client, { name: 'broken', text: 'SELEC $1', values: [1] })
  await attempt(client, 'SELECT count(*) FROM products')
}

async function transactions(client) {
  await attempt(client, 'BEGIN')
  await attempt(client, 'UPDATE products SET price = price + 1 WHERE id = $1 RETURNING id', [5])
  await attempt(client, "INSERT INTO categories VALUES (1, 'twice')")
  await attempt(client, 'SELECT 1')
  await attempt(client, 'COMMIT')
  // Twenty at once, which node-postgres sends one behind the other.
  const many = Array.from({ length: 20 }, (_, i) => client.query('SELECT $1::int AS i', [i]))
  show((await Promise.all(many)).map((r) => r.rows[0].i))
}

async function streams(client) {
  const cursor = client.query(new Cursor('SELECT id FROM products ORDER BY id LIMIT $1', [250]))
  let sum = 0
  for (let rows = await cursor.read(40); rows.length > 0; rows = await cursor.read(40)) {
    sum += rows.reduce((a, r) => a + r.id, 0)
  }
  await cursor.close()
  show(sum)
  await client.query('CREATE TABLE copied (id int, name text)')
  const lines = Array.from({ length: 5000 }, (_, i) => `${i}\tname ${i}\n`)
  await pipeline(Readable.from(lines), client.query(copy.from('COPY copied FROM STDIN')))
  let bytes = 0
  for await (const chunk of client.query(copy.to('COPY copied TO STDOUT'))) bytes += chunk.length
  show(bytes)
  await pipeline(Readable.from(['x\ty\n']), client.query(copy.from('COPY copied FROM STDIN'))).catch((e) => show(e.code, e.message))
  await attempt(client, 'SELECT count(*), sum(id) FROM copied')
}

async function notifications(client) {
  const sender = new Client()
  await sender.connect()
  await client.query('LISTEN news')
  const heard = once(client, 'notification')
  await sender.query("NOTIFY news, 'hello'")
  show((await heard).map(({ channel, payload }) => ({ channel, payload })))
  await sender.end()
}

async function pools() {
  const pool = new Pool({ max: 4 })
  const results = await Promise.all(Array.from({ length: 40 }, (_, i) => pool.query('SELECT $1::int * 2 AS n', [i])))
  show(results.map((r) => r.rows[0].n))
  await pool.end()
}

async function main() {
  const client = new Client()
  client.on('notice', ({ message }) => show('notice', message))
  await client.connect()
  await queries(client)
  await transactions(client)
  await streams(client)
  await notifications(client)
  await attempt(client, "DO $$ BEGIN RAISE NOTICE 'noted'; END $$")
  await client.end()
  await pools()
}

main().catch((e) => {
  console.error(e)
  process.exit(1)
})
