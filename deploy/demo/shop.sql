-- The schema of incident A, with as many rows as it had.
CREATE TABLE categories (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE products (
	id int PRIMARY KEY,
	category_id int NOT NULL REFERENCES categories ON DELETE CASCADE,
	name text NOT NULL,
	price numeric(10, 2) NOT NULL
);
CREATE TABLE orders (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	product_id int REFERENCES products ON DELETE SET NULL,
	placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE payments (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
	amount numeric(10, 2) NOT NULL
);
CREATE TABLE cms_blocks (id int PRIMARY KEY, body text NOT NULL);
CREATE TABLE coupons (code text PRIMARY KEY, created_at timestamptz NOT NULL);
CREATE INDEX ON products (category_id);
CREATE INDEX ON orders (product_id);
CREATE INDEX ON payments (order_id);

INSERT INTO categories SELECT g, 'category ' || g FROM generate_series(1, 2847) g;
INSERT INTO products SELECT g, g % 2847 + 1, 'product ' || g, g % 200 + 0.99 FROM generate_series(1, 11388) g;
INSERT INTO orders (product_id) SELECT g % 11388 + 1 FROM generate_series(1, 18240) g;
INSERT INTO payments (order_id, amount) SELECT g, g % 200 + 0.99 FROM generate_series(1, 17903) g;
INSERT INTO cms_blocks SELECT g, 'block ' || g FROM generate_series(1, 412) g;
INSERT INTO coupons SELECT 'SAVE' || g, now() - g * interval '1 day' FROM generate_series(1, 365) g;
