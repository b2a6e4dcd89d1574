# make demo   builds, then tells the story end to end on real input
# make test   every test that CI runs; it lints first (make lint)
export CGO_ENABLED = 0

GO      ?= go
BIN     := bin/weighlock
TOOLS   := $(CURDIR)/.cache/bin
LINT    := $(TOOLS)/golangci-lint
LINTVER := v2.15.0
COSIGN  := $(TOOLS)/cosign
ACT     := $(TOOLS)/act
ACTLINT := $(TOOLS)/actionlint
HOOKS   := $(CURDIR)/.cache/hooktools/node_modules/.bin
PEERS   := $(TOOLS)/conftest $(TOOLS)/opa $(TOOLS)/oras
OUT     ?= demo-out

.PHONY: build demo test lint bench bench-evaluate bench-hook conformance example interop actions hook-tools faults kill registries fuzz simulate clean

build:
	$(GO) build -ldflags='-s -w' -o $(BIN) ./cmd/weighlock

demo: build
	$(GO) run ./examples/demo -bin $(BIN) -out $(OUT)

test:
	$(GO) vet ./...
	$(GO) test ./...

lint: $(LINT)
	$(LINT) run --allow-parallel-runners ./...

$(LINT):
	mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTVER)

# What the program costs beside conftest, opa, oras and openssl, in one run
# (some minutes, and ten for building the peers once); then bench-evaluate and
# Go's benchmarks. WEIGHLOCK_BENCH_MIB=8192 for files of up to 8 GiB.
bench: $(PEERS) $(TOOLS)/registry
	WEIGHLOCK_BENCH_PEERS=$(TOOLS) $(GO) test -tags bench -count=1 -timeout 60m -run 'TestBench$$' -v ./cmd/weighlock
	$(MAKE) bench-evaluate
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

# What evaluating up to 20 million rows costs beside DuckDB and scikit-learn on
# the same table, whose numbers must agree (needs node and npm; makes 1 GB of
# temporary files). WEIGHLOCK_BENCH_ROWS=1000000 for a tenth.
DUCKDB := $(CURDIR)/.cache/duckdb
bench-evaluate: $(DUCKDB)/node_modules
	@/usr/bin/python3 -c 'import sklearn' 2>/dev/null || { S=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$S apt-get update -qq && $$S apt-get install -y -qq --no-install-recommends python3-sklearn python3-numpy; }
	WEIGHLOCK_BENCH_DUCKDB=$(DUCKDB) $(GO) test -tags bench -count=1 -timeout 60m -run TestBenchEvaluate -v ./cmd/weighlock

$(DUCKDB)/node_modules:
	mkdir -p $(DUCKDB)
	cd $(DUCKDB) && npm install --no-audit --no-fund --ignore-scripts --save-exact --prefix . @duckdb/node-api@1.5.6-r.1

$(TOOLS)/conftest:
	GOBIN=$(TOOLS) $(GO) install github.com/open-policy-agent/conftest@v0.71.0

$(TOOLS)/opa:
	GOBIN=$(TOOLS) $(GO) install github.com/open-policy-agent/opa@v1.22.0

# Its module has no list of versions to install by, so it is fetched by number.
$(TOOLS)/oras:
	rm -rf .cache/oras && mkdir -p .cache/oras/get
	cd .cache/oras/get && printf 'module get\n' > go.mod && \
	  cp -r "$$($(GO) mod download -json oras.land/oras@v1.2.3 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')" ../source
	chmod -R u+w .cache/oras/source && cd .cache/oras/source && $(GO) build -o $(TOOLS)/oras ./cmd/oras

# How long the pre-push hook takes, with 20 models and 2 GB of weights (makes
# 7 GB of temporary files, for a minute or two).
bench-hook:
	$(GO) test -tags hookbench -count=1 -run TestHookSpeed -v ./cmd/weighlock

# A few seconds for each parser of foreign bytes; FUZZTIME=10m for more.
FUZZTIME ?= 10s
fuzz:
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; done

# Retrains the scikit-learn model and compares with the committed predictions.
example:
	@/usr/bin/python3 -c 'import sklearn, joblib' 2>/dev/null || { S=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$S apt-get update -qq && $$S apt-get install -y -qq --no-install-recommends python3-sklearn python3-joblib; }
	cd examples/breast-cancer && /usr/bin/python3 train.py --check preds.csv

# Every metric against scikit-learn and scipy on seeded samples; prints the
# largest relative difference of each, and where they are known to depart.
conformance:
	@/usr/bin/python3 -c 'import sklearn, scipy' 2>/dev/null || { S=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$S apt-get update -qq && $$S apt-get install -y -qq --no-install-recommends python3-sklearn python3-scipy; }
	$(GO) test -tags conformance -count=1 -run TestConformance -v ./internal/stats

# The real cosign reads what publish writes (builds cosign once, some minutes).
interop: $(COSIGN) build
	WEIGHLOCK_COSIGN=$(COSIGN) $(GO) test -count=1 -run TestCosign -tags interop ./cmd/weighlock

$(COSIGN):
	mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3

# The actions and the workflows to copy: linted, and run on this machine by act
# on good changes and bad ones (some minutes).
actions: $(ACT) $(ACTLINT)
	$(ACTLINT) examples/workflows/*.yml
	WEIGHLOCK_ACT=$(ACT) WEIGHLOCK_ACTIONLINT=$(ACTLINT) $(GO) test -count=1 -tags actions -run TestActions ./cmd/weighlock

$(ACT):
	mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/nektos/act@v0.2.89

$(ACTLINT):
	mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# publish, gate, copy and the rest against real registries, by each way to log
# in (some minutes; builds one registry once, and unpacks Debian's, which is
# not installed).
DISTRIB := $(TOOLS)/registry
DEBREG  := $(CURDIR)/.cache/docker-registry/usr/bin/docker-registry
registries: $(DISTRIB) $(DEBREG)
	WEIGHLOCK_DISTRIBUTION=$(DISTRIB) WEIGHLOCK_DOCKER_REGISTRY=$(DEBREG) \
	  $(GO) test -count=1 -timeout 30m -tags registries -run TestRegistries ./cmd/weighlock

$(DISTRIB):
	mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) $(GO) install github.com/distribution/distribution/v3/cmd/registry@v3.1.2

$(DEBREG):
	mkdir -p $(CURDIR)/.cache/docker-registry
	cd $(CURDIR)/.cache/docker-registry && { apt-get download -qq docker-registry || { \
	  S=$$([ $$(id -u) = 0 ] || echo sudo); $$S apt-get update -qq && apt-get download -qq docker-registry; }; } && \
	  dpkg -x docker-registry_*.deb . && rm docker-registry_*.deb

# The git hook through the real pre-commit, lefthook and husky (a minute or
# two). lefthook's own install script would write into this repository.
hook-tools: $(HOOKS)/lefthook
	@command -v pre-commit >/dev/null || { S=$$([ $$(id -u) = 0 ] || echo sudo); \
	  $$S apt-get update -qq && $$S apt-get install -y -qq --no-install-recommends pre-commit; }
	WEIGHLOCK_HOOKTOOLS=$(HOOKS) $(GO) test -count=1 -tags hooktools -run 'TestHookTools|TestHooksFile' ./cmd/weighlock

$(HOOKS)/lefthook:
	mkdir -p $(CURDIR)/.cache/hooktools
	cd $(CURDIR)/.cache/hooktools && npm install --no-audit --no-fund --ignore-scripts --save-exact --prefix . lefthook@2.2.2 husky@9.1.7

# Every operation with a registry, under everything that a registry or the way
# to it can do wrong; prints the exit statuses (some minutes).
faults:
	$(GO) test -tags faults -count=1 -timeout 30m -run TestFaults -v ./cmd/weighlock

# Kills a publish at everything that it writes to a layout and to a registry,
# and starts fifty at once (half an hour; KILLSTEP=10 for every tenth point).
KILLSTEP ?= 1
kill:
	WEIGHLOCK_KILL_STEP=$(KILLSTEP) $(GO) test -tags kill -count=1 -timeout 90m -run TestKill -v ./cmd/weighlock

# Coverage of every interval by simulation, how often selective labels are
# found, and 100 seeds of the search for slices, beyond what the tests do (some
# minutes).
REPLICATIONS ?= 6000
simulate:
	STATS_REPLICATIONS=$(REPLICATIONS) $(GO) test -count=1 -timeout 60m -run 'TestCoverage|TestNullQuantiles|TestSelectiveLabelsAreFound|TestCalibrationDifferenceCoverage|TestParityNull|TestPlantedFault|TestSearchOverUnits' -v ./internal/stats ./internal/evaluate

clean:
	rm -rf bin .cache $(OUT)
