"""Logs in as the environment says and tells who it is."""
import psycopg2

try:
    cursor = psycopg2.connect("").cursor()
    cursor.execute("SELECT current_user, 'logged in'")
    print(*cursor.fetchone())
except psycopg2.OperationalError as e:
    print(e)
