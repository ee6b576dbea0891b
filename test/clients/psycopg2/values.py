"""Filters that a form leaves empty; each line says how many rows a statement took, or which error it got."""
import psycopg2

connection = psycopg2.connect("")
connection.autocommit = True
cursor = connection.cursor()


def attempt(sql, *args):
    try:
        cursor.execute(sql, args)
        print(cursor.rowcount)
    except psycopg2.Error as e:
        print(e.pgcode)


optional = "DELETE FROM notes WHERE %s::int IS NULL OR id = %s"
attempt(optional, None, None)
attempt(optional, 1, 1)
cursor.execute("PREPARE optional (int) AS DELETE FROM notes WHERE $1 IS NULL OR id = $1")
attempt("EXECUTE optional (%s)", None)
attempt("EXECUTE optional (%s)", 2)
attempt("DELETE FROM notes WHERE text LIKE %s", "%")
attempt("DELETE FROM notes WHERE text LIKE %s", "note 3%")
attempt("DELETE FROM notes WHERE id = ANY (%s)", [4, 5])
attempt("DELETE FROM notes WHERE id = ANY (%s)", list(range(11)))
