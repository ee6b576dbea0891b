\d
\d products
\d+ products
\d+ orders
\dt+ app.*
\di
\dv+
\dm
\ds
\dn+
\df app.*
\sf app.touch
\dT+ app.*
\dD app.*
\dx
\dp
\du
\l clients
\dF
\dconfig work_mem
\dy
\drds
\z products
\sv dear_products
\dd
\encoding
\conninfo
