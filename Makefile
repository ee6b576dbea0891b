# Everything works on a bare Debian as root with git, make and Go: what else is needed
# is installed or fetched.

.PHONY: build setup test vet race lint fuzz differential suites demo demo-keep clean
.DEFAULT_GOAL := build

FUZZ_TIME ?= 10s
TOOL := go tool -modfile=.ci/tools/go.mod
# Where goroutines share something, and what drives them.
RACE := ./audit/... ./metrics/... ./policy/... ./proxy/...

build: ## bin/pgcordon
	@test/setup build
	go build -o bin/pgcordon ./cmd/pgcordon

setup: ## what the tests need
	@test/setup

test: setup vet race ## all tests
	go test ./...

vet: setup
	go vet ./...

race: setup
	go test -race $(RACE)
	go test -race ./test/hostile -run 'InProcess|AuditSink|FullAudit'

lint: setup ## layers, staticcheck, formatting, shell scripts
	@test -z "$$(gofmt -l . | tee -a /dev/stderr)"
	$(TOOL) depguard ./...
	$(TOOL) staticcheck ./...
	shellcheck .ci/run .ci/fuzz test/setup test/servers/fetch test/servers/fetch-client test/suites/fetch deploy/demo/demo

fuzz: setup ## every fuzz target for FUZZ_TIME
	.ci/fuzz $(FUZZ_TIME)

differential: setup ## docs/differential.md: PostgreSQL's regression suite, guard beside server
	go test ./test/truth -run RegressionSuite -args -differential

suites: setup ## docs/transparency.md: PostgreSQL's test suites, through the guard and directly
	go test -timeout 40m ./test/suites -args -whole

demo: ## incident A, without the guard and with it
	@deploy/demo/demo

demo-keep: ## the same, and leave it running
	@deploy/demo/demo -keep

clean:
	rm -rf bin

.PHONY: bench bench-quick bench-compare bench-plot
BENCH := bin/pgcordon-bench

bench: ## compare with other proxies, in about 15 minutes; keeps the result and writes it into the documents
	@bench/setup
	go build -o $(BENCH) ./bench
	@exec $(BENCH) run $(BENCH_FLAGS)

bench-quick: ## the same in about 3 minutes, and nothing is kept
	@bench/setup
	go build -o $(BENCH) ./bench
	@exec $(BENCH) run --quick $(BENCH_FLAGS)

bench-compare: ## this working tree against BASE=revision
	@bench/setup compare
	go build -o $(BENCH) ./bench
	@exec $(BENCH) compare --base=$(BASE) $(BENCH_FLAGS)

bench-plot: ## plot and tables of README.md and docs/performance.md from the newest result
	@bench/setup compare
	go build -o $(BENCH) ./bench
	@exec $(BENCH) plot
