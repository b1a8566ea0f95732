// A peer to measure against: one POST inserts one row into events, by fastify and pg with a pool of 16. It validates nothing
// beyond JSON, knows no duplicates and derives no rows.
// DSN=postgresql://… PORT=8500 node server.mjs
import fastify from 'fastify'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env.DSN, max: 16 })
const insert = {
  name: 'insert',
  text: `INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, repo_branch, payload_json, position)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`
}
const app = fastify({ logger: false })
app.get('/readyz', async () => ({ ready: (await pool.query('SELECT 1')).rowCount === 1 }))
app.post('/v1/events', async (request, reply) => {
  const e = request.body
  await pool.query({
    ...insert,
    values: [e.id, e.topic, e.ts_utc, e.source, e.correlation_id, e.repo_sha, e.repo_branch, e.payload]
  })
  reply.code(201)
  return { id: e.id, status: 'stored' }
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
