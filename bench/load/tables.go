package load

import (
	"fmt"
	"strings"
)

// narrowRow is a row of narrow and sink as COPY writes it.
var narrowRow = "1\t" + strings.Repeat("x", 107) + "\n"

// narrowRows is the length of the table narrow: no run copies more.
const narrowRows = 1_000_000

// Tables makes what the bulk loads read and write.
var Tables = fmt.Sprintf(`
CREATE TABLE narrow AS SELECT i, repeat('x', 107) AS filler FROM generate_series(1, %d) AS i;
CREATE UNLOGGED TABLE sink (i int, filler text);
`, narrowRows)

// EmptySink removes what CopyIn wrote. A guard would refuse it.
const EmptySink = "TRUNCATE sink"
