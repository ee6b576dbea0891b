"""What applications do with psycopg2; every line printed must be the same direct and through the guard."""
import io
import select

import psycopg2
import psycopg2.extras

psycopg2.extras.register_uuid()
connection = psycopg2.connect("")
cursor = connection.cursor()


def show(*values):
    print(*[repr(v) for v in values])


def attempt(sql, *args):
    try:
        cursor.execute(sql, *args)
        show(cursor.statusmessage, cursor.fetchall() if cursor.description else None)
    except psycopg2.Error as e:
        show(type(e).__name__, e.pgcode, e.diag.message_primary, connection.info.transaction_status)
        connection.rollback()


attempt("SELECT %s, %s, %s::uuid, %s", (1, "it's", "12345678123456781234567812345678", [1, 2, None]))
attempt("SELECT 1/0")
attempt("SELECT count(*) FROM products WHERE id = ANY(%s)", ([1, 2, 3],))
attempt("INSERT INTO categories VALUES (1, 'twice')")
psycopg2.extras.execute_values(cursor, "INSERT INTO categories VALUES %s", [(g, "extra %d" % g, None) for g in range(1000, 1500)])
attempt("SELECT count(*) FROM categories")
connection.rollback()

out = io.StringIO()
cursor.copy_expert("COPY (SELECT id, name FROM categories ORDER BY id) TO STDOUT WITH CSV", out)
show(len(out.getvalue()))
cursor.execute("CREATE TABLE copied (id int, name text)")
cursor.copy_expert("COPY copied FROM STDIN WITH CSV", io.StringIO(out.getvalue()))
attempt("SELECT count(*), sum(id) FROM copied")
try:
    cursor.copy_expert("COPY copied FROM STDIN WITH CSV", io.StringIO("x,y\n"))
except psycopg2.Error as e:
    show(e.pgcode, str(e))
connection.rollback()

named = connection.cursor("portal", withhold=False)
named.itersize = 70
named.execute("SELECT id FROM products ORDER BY id LIMIT 300")
show(sum(row[0] for row in named))
named.close()
connection.commit()

large = connection.lobject(0, "wb", 81234)
large.write(b"large object " * 10000)
large.seek(13)
large.close()
large = connection.lobject(81234, "rb")
show(large.seek(0, 2), large.seek(13), large.read(13))
large.unlink()
connection.commit()

connection.autocommit = True
cursor.execute("LISTEN news; LISTEN other")
sender = psycopg2.connect("")
sender.autocommit = True
sender.cursor().execute("NOTIFY news, 'hello'; SELECT pg_notify('other', repeat('x', 5000))")
while len(connection.notifies) < 2:
    select.select([connection], [], [], 60)
    connection.poll()
show([(n.channel, len(n.payload)) for n in connection.notifies])

asynchronous = psycopg2.connect("", async_=1)
psycopg2.extras.wait_select(asynchronous)
pending = asynchronous.cursor()
pending.execute("SELECT generate_series(1, 10000)")
psycopg2.extras.wait_select(asynchronous)
show(sum(row[0] for row in pending.fetchall()))
pending.execute("SELECT pg_sleep(0.01)")
psycopg2.extras.wait_select(asynchronous)

connection.autocommit = False
transaction = connection.xid(1, "clients", "branch")
connection.tpc_begin(transaction)
cursor.execute("INSERT INTO categories VALUES (9000, 'prepared')")
connection.tpc_prepare()
connection.tpc_rollback()
show(connection.notices)
connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_SERIALIZABLE)
attempt("SHOW transaction_isolation")
connection.rollback()
connection.set_client_encoding("LATIN1")
attempt("SELECT 'é' = %s, client_encoding FROM (SELECT current_setting('client_encoding') AS client_encoding) s", ("é",))
connection.close()
sender.close()
