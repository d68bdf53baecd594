# `make` alone lists the targets. Only Go is needed, and for -race a C compiler.

# One build cache serves everything; -race alone needs cgo.
export CGO_ENABLED := 0

GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.1.0
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.1.4

# Where vulnerabilities are looked up; a folder of OSV files works as well: make vuln VULNDB=file:///path
VULNDB ?= https://vuln.go.dev

# The race detector needs cgo, and that a C compiler.
CC_FOUND := $(shell command -v $$(go env CC) 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run build test test-infra test-brokers test-kafka test-cluster test-faults lint vuln bench faults clean-local

# What plain `make test` leaves out, because it needs more than Go and a database.
NEEDS_KAFKA   := taskmaster/tests/kafka taskmaster/tests/topics
NEEDS_CLUSTER := taskmaster/tests/cluster
# And what needs Helm and the clouds' Pulumi SDKs: they take minutes and gigabytes to compile, and more with -race.
INFRA          = $(filter-out taskmaster/infra/topics,$(shell go list ./infra/...))
PACKAGES       = $(filter-out $(NEEDS_KAFKA) $(NEEDS_CLUSTER) $(INFRA),$(shell go list ./...))

# What there is to build of them: some hold only tests.
PROGRAMS       = $(filter $(PACKAGES),$(shell go list -f '{{if .GoFiles}}{{.ImportPath}}{{end}}' ./...))

RACE := $(if $(CC_FOUND),CGO_ENABLED=1)
GO_TEST := $(RACE) go test $(if $(CC_FOUND),-race) -timeout 30m -shuffle=on
# JUNIT=FILE and COVERAGE=FILE make `make test` write reports.
GOTESTSUM   := go run gotest.tools/gotestsum@v1.13.0
REPORTED    := $(RACE) $(if $(JUNIT),$(GOTESTSUM) --junitfile $(JUNIT) --format pkgname --,go test) $(if $(CC_FOUND),-race) \
	-timeout 30m -shuffle=on $(if $(COVERAGE),-coverprofile=$(COVERAGE))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

run: ## Run the whole system on this machine; BROKER=nats|kafka|redis|rabbitmq, ARGS="-h" lists its flags
	@go run ./services/local $(if $(BROKER),-broker $(BROKER)) $(ARGS)

build: ## Build every program but infra, and Dapr's (minutes, once), into .local/bin
	go build $(PROGRAMS)
	go run ./services/local build

test: build ## Run all tests that need Go alone, with -race when there is a C compiler
ifeq ($(CC_FOUND),)
	@echo "NOTE: no C compiler, so the tests run without -race"
endif
	$(REPORTED) $(PACKAGES)

test-infra: ## Render every stack of the Pulumi program, and the Helm chart, and check them
	go test -timeout 30m -shuffle=on $(INFRA)

test-brokers: build ## Run the scenarios on kafka, redis and rabbitmq; BROKERS="redis" runs them on that one
	@for broker in $(or $(BROKERS),kafka redis rabbitmq); do \
		echo "== scenarios on $$broker"; \
		BROKER=$$broker $(GO_TEST) -count=1 ./tests/scenarios || exit 1; \
	done

test-kafka: build ## Test consumer groups and the topic tool on Apache Kafka
	$(GO_TEST) -count=1 $(NEEDS_KAFKA)

test-cluster: ## Install, use, upgrade and uninstall the chart in the cluster of KUBECONFIG (see tests/cluster)
	go test -count=1 -timeout 40m -v $(NEEDS_CLUSTER)

test-faults: build ## Break everything for a short while on nats and kafka, and check the books
	go run ./tests/faults -broker nats -short
	go run ./tests/faults -broker kafka -short

lint: ## Run golangci-lint with .golangci.yml
	$(GOLANGCI_LINT) run ./...

vuln: ## Look for known vulnerabilities in what the programs call
	$(GOVULNCHECK) -db $(VULNDB) ./...

bench: build ## Measure the whole system on this machine and print a table
	go run ./tests/bench $(ARGS)

faults: build ## Break everything during 100,000 events; ARGS="-broker kafka -seed 7"
	go run ./tests/faults $(ARGS)

clean-local: ## Forget all data of `make run`; built programs stay
	@go run ./services/local clean
