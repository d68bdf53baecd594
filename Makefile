# `make` alone lists the targets. Only Go is needed, and a C compiler for -race.

# All builds share one cache. Only -race needs cgo. With -trimpath the cache serves every clone, and the
# images, whose programs are built with it.
export CGO_ENABLED := 0
export GOFLAGS := $(strip -trimpath $(filter-out -trimpath,$(GOFLAGS)))

GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.1.0
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.1.4

# The vulnerability database. A folder of OSV files works too: make vuln VULNDB=file:///path
VULNDB ?= https://vuln.go.dev

# The race detector needs cgo, and cgo needs a C compiler.
CC_FOUND := $(shell command -v $$(go env CC) 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run api build kafka test dapr engine provider test-infra test-browser test-sidecar test-disk test-pooler test-servers test-brokers test-kafka test-cluster test-deploy test-dapr test-postgres test-signing test-workflows test-clients test-alerts test-faults test-soak schema test-series test-stress fuzz soak lint vuln bench bench-page bench-start faults backup restore clean-local

# Other versions than those of the repository: DAPR=1.16.0 for `run` and `test-dapr`, KAFKA=3.9.1 for
# tests on Kafka, POSTGRES=fetch-18 or a folder of programs for `test-postgres`.
ifdef DAPR
export DAPRD     := $(CURDIR)/.local/dapr-$(DAPR)/daprd
export SCHEDULER := $(CURDIR)/.local/dapr-$(DAPR)/scheduler
endif
ifdef KAFKA
export KAFKA_VERSION := $(KAFKA)
endif
POSTGRES ?= fetch-18

# The engine is built from this module (infra/engine).
PULUMI        := github.com/pulumi/pulumi

# The brokers of the scenarios in tests/scenarios, besides NATS of plain `make test`.
BROKERS ?= kafka redis rabbitmq

RACE := $(if $(CC_FOUND),CGO_ENABLED=1)
GO_TEST := $(RACE) go test $(if $(CC_FOUND),-race) -timeout 30m -shuffle=on
# JUNIT=FILE and COVERAGE=FILE make `make test` write reports.
GOTESTSUM   := go run gotest.tools/gotestsum@v1.13.0
REPORTED    := $(RACE) $(if $(JUNIT),$(GOTESTSUM) --junitfile $(JUNIT) --format pkgname --,go test) $(if $(CC_FOUND),-race) \
	-timeout 30m -shuffle=on $(if $(COVERAGE),-coverprofile=$(COVERAGE))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

run: $(if $(DAPR),dapr) ## Run the whole system on this machine; BROKER=nats|kafka|redis|rabbitmq, DAPR=1.16.0, ARGS="-h" lists its flags
	@go run ./cmd/local $(if $(BROKER),-broker $(BROKER)) $(ARGS)

api: ## Run a command of api on the data of `make run`; ARGS="events tail -follow" shows events, ARGS=dead-letters the dead letters
	@go run ./cmd/local api $(ARGS)

build: ## Build the services, and Dapr's programs (minutes the first time), into .local/bin
	go run ./cmd/local build

# The scenarios take the longest and mostly wait, so they begin first, beside the other packages.
test: build ## Run all tests that need only Go, with -race if there is a C compiler
ifeq ($(CC_FOUND),)
	@echo "NOTE: no C compiler, so the tests run without -race"
endif
	$(REPORTED) ./tests/scenarios ./...

# Without -race, which the program's packages exclude.
test-infra: engine ## Render and check every stack of the Pulumi program and the Helm chart
	go test -timeout 30m -shuffle=on -tags clouds ./infra/...

test-browser: build ## Test the page in Chromium; leaves screenshots of every view in tests/browser/out
	go test -count=1 -timeout 30m -v -tags browser ./tests/browser

test-sidecar: ## Test what our build of Dapr's sidecar adds to Dapr
	cd dapr/runtime && go test -count=1 -shuffle=on ./daprd

test-disk: build ## Test the system on a disk that is full for a while; needs root on Linux, to mount it
	$(GO_TEST) -count=1 -v -tags disk ./tests/disk

# The pages that a statement reads are the same behind a pooler.
test-pooler: ## Test the statements behind PgBouncer in transaction mode, which must be installed
	TEST_POOLER=$(or $(wildcard /usr/sbin/pgbouncer),pgbouncer) go test -count=1 -timeout 10m -skip TestOtherPeoplesRowsCostNothing ./internal/postgres

test-servers: ## Test starting redis-server and rabbitmq-server, which must be installed
	$(GO_TEST) -count=1 -tags brokers ./cmd/local/broker/... ./infra/topics

test-brokers: $(BROKERS:%=test-on-%) ## Run the scenarios on kafka, redis and rabbitmq; BROKERS="redis" selects one, make -j2 runs two at once

dapr:
	go run ./cmd/local build -dapr $(or $(DAPR),$(error name the version: make test-dapr DAPR=1.16.0))

test-dapr: build dapr ## Run the scenarios on another version of Dapr: DAPR=1.16.0 is the oldest
	$(GO_TEST) -count=1 ./tests/scenarios

test-postgres: ## Test the statements and api on another PostgreSQL: POSTGRES=fetch-15, -16, -17, -18 or a folder
	POSTGRES_PROGRAMS=$(POSTGRES) $(GO_TEST) -count=1 ./internal/postgres/... ./services/api

# Fetch it before the time limit for starting the system begins.
kafka: build ## Fetch Apache Kafka with Maven (once), unless KAFKA_BROKERS is set; KAFKA=3.9.1 is another version
	go run ./cmd/local build -broker kafka

test-on-kafka: kafka
test-on-%: build
	BROKER=$* $(GO_TEST) -count=1 ./tests/scenarios

# One package after another: each runs a Kafka, and two at once block each other.
test-kafka: kafka ## Test consumer groups and the topic tool on Apache Kafka
	$(GO_TEST) -count=1 -v -p 1 -tags kafka ./tests/kafka ./tests/topics

provider: ## Build Pulumi's Kubernetes provider (minutes the first time) into .local/bin
	cd infra/engine/pulumi-resource-kubernetes && go build -o $(CURDIR)/.local/bin/ -ldflags "-s -w"

test-cluster: engine provider ## Install, use, maintain and remove the system with Helm and Pulumi in the cluster of KUBECONFIG; CLUSTER_LONG=1 also breaks every part and changes the broker
	go test -count=1 -timeout 60m -v -tags cluster ./tests/cluster
	[ -z "$(CLUSTER_LONG)" ] || go test -count=1 -timeout 60m -v -tags cluster,brokers -run TestBrokers ./tests/cluster

engine: ## Build Pulumi's engine (minutes the first time) into .local/bin
	cd infra/engine && go build -o $(CURDIR)/.local/bin/ -ldflags \
		"-s -w -X $(PULUMI)/sdk/v3/go/common/version.Version=$$(go list -m -f '{{slice .Version 1}}' $(PULUMI)/pkg/v3)" $(PULUMI)/pkg/v3/cmd/pulumi

test-deploy: engine ## Deploy, promote, fail and roll back releases with the real Pulumi
	go test -count=1 -timeout 20m -tags deploy ./tests/deploy

test-signing: ## Sign and verify images with cosign in a test registry
	go test -count=1 -timeout 30m -tags signing ./ci/sign

test-workflows: ## Run the GitHub Actions workflows with act, with fake commands that record their arguments
	go test -count=1 -timeout 30m -tags workflows ./tests/workflows

test-clients: ## Generate clients from the OpenAPI documents and compile them; needs Node.js, Python, Java and Maven
	go test -count=1 -timeout 30m -v -tags clients ./tests/clients

test-alerts: build ## Evaluate alerts, dashboards and the page /status on a real system; needs Prometheus
	go test -count=1 -timeout 10m -tags alerts ./tests/alerts

test-faults: kafka ## Break every part for a short time on nats and kafka, and check that nothing is lost
	go run ./tests/faults -broker nats -short
	go run ./tests/faults -broker kafka -short

# Run both at once, because a soak test mostly waits. The programs are built first, so that they are
# built only once.
test-soak: kafka ## Use the system for three minutes on nats and kafka, with all intervals set to seconds
	go build -o .local/bin/soak ./tests/soak
	$(MAKE) --no-print-directory -j2 --output-sync=target short-soak-on-nats short-soak-on-kafka

short-soak-on-%:
	.local/bin/soak -broker $* -short -for 150s

schema: build ## Send requests that Schemathesis makes from the OpenAPI document; needs Python; ARGS="-for 10m -seed 7"
	go run ./tests/schema $(ARGS)

# For a longer run: make test-series SERIES_TIME=30m ARGS="-rapid.steps=200". It reuses the build of
# `make test`.
SERIES_TIME ?= 60s
test-series: ## Change series at random for SERIES_TIME, and compare every step with a model
	SERIES_TIME=$(SERIES_TIME) $(RACE) go test $(if $(CC_FOUND),-race) -count=1 -timeout 0 -v ./tests/series $(ARGS)

# For a longer run: make test-stress STRESS_TIME=30m STRESS_SEED=7. Plain `make test` runs it for a few
# seconds.
STRESS_TIME ?= 60s
test-stress: ## Let broker, scheduler, database and replicas of api fail at random for STRESS_TIME, and check every event
	STRESS_TIME=$(STRESS_TIME) STRESS_SEED=$(STRESS_SEED) $(RACE) go test $(if $(CC_FOUND),-race) -count=1 -timeout 0 -v -run CoreUnderStress ./services/api $(ARGS)

# A failing input is kept in testdata/fuzz of the package, and plain `go test` then tries it too.
FUZZTIME ?= 10m
fuzz: ## Run each fuzz target for FUZZTIME, one after another; ARGS="-parallel 1" leaves the other processors alone
	@grep -ro --include='*_test.go' '^func Fuzz[A-Za-z]*' internal services | sort | while IFS=: read -r file target; do \
		echo "$${target#func } in $$(dirname "$$file")"; \
		go test -run '^$$' -fuzz "^$${target#func }$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $(ARGS) "./$$(dirname "$$file")" || exit 1; \
	done

soak: build ## Use the system lightly for hours, and check that nothing is lost; ARGS="-broker nats -for 130m"
	go run ./tests/soak $(ARGS)

lint: ## Run golangci-lint with .golangci.yml, and check that the text is plain English
	go run ./tests/language
	$(GOLANGCI_LINT) run ./...
	cd tests/bench && $(GOLANGCI_LINT) run

vuln: ## Look for known vulnerabilities in the code that the programs call
	$(GOVULNCHECK) -db $(VULNDB) ./...

bench: build ## Measure the whole system on this machine and print a table; ARGS=-check fails if a number of the specification is missed
	go run -C tests/bench . $(ARGS)
	$(if $(findstring -check,$(ARGS)),,go test -run '^$$' -bench Wait -benchtime 1x ./internal/outbox ./internal/reminder)

bench-page: build ## Measure in Chromium the time until a view shows content
	go test -run '^$$' -bench . -benchtime 120x -tags browser ./tests/browser

bench-start: ## Measure the first start in a fresh clone with empty caches, by stage; ARGS="-keep-modules" keeps the module cache
	go run ./tests/firststart $(ARGS)

faults: build ## Break every part during 100,000 events; ARGS="-broker kafka -seed 7"
	go run ./tests/faults $(ARGS)

backup: ## Write all data of `make run` into FILE, while it runs or not
	@go run ./cmd/local backup "$(or $(FILE),$(error name the file: make backup FILE=...))" $(ARGS)

restore: ## Restore the backup FILE into an empty installation
	@go run ./cmd/local restore "$(or $(FILE),$(error name the file: make restore FILE=...))" $(ARGS)

clean-local: ## Delete all data of `make run`; built programs and backups stay
	@go run ./cmd/local clean
