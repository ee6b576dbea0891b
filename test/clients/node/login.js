// Logs in as the environment says and tells who it is.
const fs = require('fs')
const { Client } = require('pg')

const { PGHOST, PGSSLROOTCERT } = process.env
const ssl = PGSSLROOTCERT && { ca: fs.readFileSync(PGSSLROOTCERT), servername: 'localhost', host: PGHOST }

async function main() {
  const client = new Client({ ssl, enableChannelBinding: Boolean(ssl) })
  await client.connect()
  const { rows } = await client.query("SELECT current_user AS who, 'logged in' AS what")
  console.log(rows[0].who, rows[0].what)
  await client.end()
}

main().catch((e) => console.log(e.code, e.message))
