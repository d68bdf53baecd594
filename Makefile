# `make` alone lists the targets. Only Go is needed, and for -race a C compiler.

# One build cache serves everything; -race alone needs cgo. With -trimpath the cache serves every clone, and the images, whose
# programs are built with it.
export CGO_ENABLED := 0
export GOFLAGS := $(strip -trimpath $(filter-out -trimpath,$(GOFLAGS)))

GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.1.0
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.1.4

# Where vulnerabilities are looked up; a folder of OSV files works as well: make vuln VULNDB=file:///path
VULNDB ?= https://vuln.go.dev

# The race detector needs cgo, and that a C compiler.
CC_FOUND := $(shell command -v $$(go env CC) 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run build kafka test engine provider test-infra test-browser test-servers test-brokers test-kafka test-cluster test-deploy test-signing test-workflows test-faults test-soak test-series test-stress soak lint vuln bench bench-page bench-start faults backup restore clean-local

# What plain `make test` leaves out, because it needs more than Go and a database.
NEEDS_KAFKA   := taskmaster/tests/kafka taskmaster/tests/topics
NEEDS_CLUSTER := taskmaster/tests/cluster
NEEDS_BROWSER := taskmaster/tests/browser
NEEDS_ENGINE  := taskmaster/tests/deploy taskmaster/tests/deploy/language
# And what compiles cosign or act, which takes minutes once.
NEEDS_COSIGN  := taskmaster/ci/sign
NEEDS_ACT     := taskmaster/tests/workflows
# And what needs Helm and the clouds' Pulumi SDKs: they take minutes and gigabytes to compile, and more with -race.
# -find keeps the go command from fetching the modules of packages that are only listed.
INFRA          = $(filter-out taskmaster/infra/topics,$(shell go list -find ./infra/...))
PACKAGES       = $(filter-out $(NEEDS_KAFKA) $(NEEDS_CLUSTER) $(NEEDS_BROWSER) $(NEEDS_ENGINE) $(NEEDS_COSIGN) $(NEEDS_ACT) $(INFRA),$(shell go list -find ./...))

# The engine is built from this module (infra/engine).
PULUMI        := github.com/pulumi/pulumi

# Where the scenarios of tests/scenarios run, beside NATS of plain `make test`.
BROKERS ?= kafka redis rabbitmq

# What there is to build of them: some hold only tests.
PROGRAMS       = $(filter $(PACKAGES),$(shell go list -find -f '{{if .GoFiles}}{{.ImportPath}}{{end}}' ./...))

RACE := $(if $(CC_FOUND),CGO_ENABLED=1)
GO_TEST := $(RACE) go test $(if $(CC_FOUND),-race) -timeout 30m -shuffle=on
# JUNIT=FILE and COVERAGE=FILE make `make test` write reports.
GOTESTSUM   := go run gotest.tools/gotestsum@v1.13.0
REPORTED    := $(RACE) $(if $(JUNIT),$(GOTESTSUM) --junitfile $(JUNIT) --format pkgname --,go test) $(if $(CC_FOUND),-race) \
	-timeout 30m -shuffle=on $(if $(COVERAGE),-coverprofile=$(COVERAGE))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

run: ## Run the whole system on this machine; BROKER=nats|kafka|redis|rabbitmq, ARGS="-h" lists its flags
	@go run ./cmd/local $(if $(BROKER),-broker $(BROKER)) $(ARGS)

build: ## Build every program but infra, and Dapr's (minutes, once), into .local/bin
	go build $(PROGRAMS)
	go run ./cmd/local build

test: build ## Run all tests that need Go alone, with -race when there is a C compiler
ifeq ($(CC_FOUND),)
	@echo "NOTE: no C compiler, so the tests run without -race"
endif
	$(REPORTED) $(PACKAGES)

test-infra: engine ## Render every stack of the Pulumi program, and the Helm chart, and check them
	go test -timeout 30m -shuffle=on $(INFRA)

test-browser: build ## Use the page in Chromium; screenshots of every view are left in tests/browser/out
	go test -count=1 -timeout 15m -v $(NEEDS_BROWSER)

test-servers: ## Test what is made for redis-server and rabbitmq-server, which have to be installed
	$(GO_TEST) -count=1 -tags brokers -run 'OfOurs$$' ./cmd/local

test-brokers: $(BROKERS:%=test-on-%) ## Run the scenarios on kafka, redis and rabbitmq; BROKERS="redis" runs them on that one, make -j2 on two at once

# Before the time runs in which the system has to be ready.
kafka: build ## Fetch Apache Kafka by Maven (once), unless KAFKA_BROKERS names one
	go run ./cmd/local build -broker kafka

test-on-kafka: kafka
test-on-%: build
	BROKER=$* $(GO_TEST) -count=1 ./tests/scenarios

# One package after the other: each runs a Kafka, and two at once keep each other waiting.
test-kafka: kafka ## Test consumer groups and the topic tool on Apache Kafka
	$(GO_TEST) -count=1 -v -p 1 $(NEEDS_KAFKA)

provider: ## Build Pulumi's Kubernetes provider (minutes, once) into .local/bin
	cd infra/engine/pulumi-resource-kubernetes && go build -o $(CURDIR)/.local/bin/ -ldflags "-s -w"

test-cluster: engine provider ## Make, use, change and remove the system by Helm and by Pulumi in the cluster of KUBECONFIG
	go test -count=1 -timeout 40m -v $(NEEDS_CLUSTER)

engine: ## Build Pulumi's engine (minutes, once) into .local/bin
	cd infra/engine && go build -o $(CURDIR)/.local/bin/ -ldflags \
		"-s -w -X $(PULUMI)/sdk/v3/go/common/version.Version=$$(go list -m -f '{{slice .Version 1}}' $(PULUMI)/pkg/v3)" $(PULUMI)/pkg/v3/cmd/pulumi

test-deploy: engine ## Deploy, promote, fail and roll back releases with Pulumi's own engine
	go test -count=1 -timeout 20m $(NEEDS_ENGINE)

test-signing: ## Sign images with cosign, and verify them, at a registry of the test's own
	go test -count=1 -timeout 30m $(NEEDS_COSIGN)

test-workflows: ## Run the workflows of GitHub Actions with act, with commands that only say what they were told
	go test -count=1 -timeout 30m $(NEEDS_ACT)

test-faults: kafka ## Break everything for a short while on nats and kafka, and check the books
	go run ./tests/faults -broker nats -short
	go run ./tests/faults -broker kafka -short

# Both at once: a soak waits most of the time. The programs are built before, so that they are not built twice.
test-soak: kafka ## Use the system for three minutes on nats and kafka, with every interval that can be set at seconds
	go build -o .local/bin/soak ./tests/soak
	$(MAKE) --no-print-directory -j2 --output-sync=target short-soak-on-nats short-soak-on-kafka

short-soak-on-%:
	.local/bin/soak -broker $* -short -for 150s

# Longer by hand: make test-series SERIES_TIME=30m ARGS="-rapid.steps=200". It compiles what `make test` has compiled.
SERIES_TIME ?= 60s
test-series: ## Complete, reopen, edit, delete and import at random for SERIES_TIME, and compare every step with a model
	SERIES_TIME=$(SERIES_TIME) $(RACE) go test $(if $(CC_FOUND),-race) -count=1 -timeout 0 -v ./tests/series $(ARGS)

# Longer by hand: make test-stress STRESS_TIME=30m STRESS_SEED=7. Plain `make test` does it for a few seconds.
STRESS_TIME ?= 60s
test-stress: ## Let broker, scheduler, database and replicas of api fail at random for STRESS_TIME, and check every event
	STRESS_TIME=$(STRESS_TIME) $(RACE) go test $(if $(CC_FOUND),-race) -count=1 -timeout 0 -v -run CoreUnderStress ./services/api $(ARGS)

soak: build ## Use the system lightly for hours, and check the books; ARGS="-broker nats -for 130m"
	go run ./tests/soak $(ARGS)

lint: ## Run golangci-lint with .golangci.yml, and check that the text is plain English
	go run ./tests/language
	$(GOLANGCI_LINT) run ./...

vuln: ## Look for known vulnerabilities in what the programs call
	$(GOVULNCHECK) -db $(VULNDB) ./...

bench: build ## Measure the whole system on this machine and print a table
	go run ./tests/bench $(ARGS)
	go test -run '^$$' -bench Wait -benchtime 1x ./internal/outbox

bench-page: build ## Measure in Chromium how long it takes until a view shows something
	go test -run '^$$' -bench . -benchtime 120x $(NEEDS_BROWSER)

bench-start: ## Measure the first start in a fresh clone with empty caches, by stage; ARGS="-keep-modules" fetches no modules
	go run ./tests/firststart $(ARGS)

faults: build ## Break everything during 100,000 events; ARGS="-broker kafka -seed 7"
	go run ./tests/faults $(ARGS)

backup: ## Write all data of `make run` into FILE, while it runs or not
	@go run ./cmd/local backup "$(or $(FILE),$(error name the file: make backup FILE=...))" $(ARGS)

restore: ## Make an empty installation that of the backup FILE
	@go run ./cmd/local restore "$(or $(FILE),$(error name the file: make restore FILE=...))" $(ARGS)

clean-local: ## Forget all data of `make run`; built programs and backups stay
	@go run ./cmd/local clean
