\copy categories to 'categories.csv' csv header
CREATE TABLE copied (LIKE categories);
\copy copied from 'categories.csv' csv header
SELECT count(*), sum(id) FROM copied;
\copy (SELECT id, photo FROM products ORDER BY id LIMIT 200) to 'photos.bin' binary
CREATE TABLE photos (id int, photo bytea);
\copy photos from 'photos.bin' binary
SELECT count(*), md5(string_agg(photo, '' ORDER BY id)) FROM photos;
COPY copied FROM STDIN;
100	inline	\N
101	another	100
\.
COPY (SELECT * FROM copied WHERE id >= 100 ORDER BY id) TO STDOUT;
\copy copied from program 'echo 102,by program,' csv null ''
COPY copied FROM STDIN;
not a number	x	\N
\.
SELECT count(*) FROM copied;
BEGIN;
\copy copied from 'not there.csv'
SELECT 'still in the transaction';
COPY copied FROM STDIN (FORMAT csv);
1,2
\.
SELECT 'aborted';
ROLLBACK;
SELECT count(*) FROM copied;
