# The commands of the README. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
# `make dev PROFILE=release` runs the optimised build.
PROFILE ?= dev
# Arguments for the program: `make dev ARGS="--edge-port 9000"`.
ARGS ?=
# The binary that `make image` packs.
BIN ?= tradewind

run := $(CARGO) run --profile $(PROFILE) --package tradewind --

.PHONY: help dev dev-real seed sdk clients test test-k8s test-telemetry pictures simulate new-service-test import-test conformance connect-conformance connect-behind grpc-interop h2spec stripe-shapes faults fuzz lint lint-delivery release-contracts fmt bench bench-edge bench-transcoder image cluster cluster-stop build apply wait ingress-enable ingress-apply deploy-ghcr test-cluster

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: ## Build if needed and start everything in one process, nothing else needed
	$(run) up $(ARGS)

dev-real: ## The same on real Postgres, Redis and NATS, installed if needed, kept in .dev/servers
	scripts/servers start .dev/servers
	trap 'scripts/servers stop .dev/servers' EXIT
	trap : INT
	source .dev/servers/env
	export DATABASE_URL=$$TEST_DATABASE_URL REDIS_URL=$$TEST_REDIS_URL NATS_URL=$$TEST_NATS_URL
	$(run) up --data-dir .dev/tradewind $(ARGS)

seed: ## Fill the mesh that runs, in the cluster or here, with a small demo shop
	if [ -e .dev/cluster/backend ]; then scripts/deploy seed; else $(run) seed $(ARGS); fi

sdk: ## Generate and compile the TypeScript clients, in sdk/typescript
	scripts/sdk

clients: ## Generate clients in every language of docs/SDKS.md and compile them, those too that take long
	mkdir -p .dev/clients
	$(CARGO) run --profile $(PROFILE) --package tradewind -- openapi --output .dev/clients/openapi.json
	scripts/clients .dev/clients/openapi.json all

test: ## Run every test, on embedded and on real servers, installing what is missing
	scripts/test

test-k8s: ## Everything in k8s/ before a real API server, and the chart of Helm
	scripts/test-k8s

test-telemetry: ## ops/: the Collector in front of what it sends to, rules and runbooks, and a mesh that breaks until somebody is told
	scripts/telemetry
	scripts/alerts

pictures: ## Draw docs/dashboard-*.svg, of a mesh that somebody uses for five minutes
	scripts/tools nats prometheus
	scripts/servers start .dev/test
	trap 'scripts/servers remove .dev/test' EXIT
	source .dev/test/env
	$(CARGO) build --workspace --bins
	$(CARGO) test --package e2e --test it -- --ignored pictures

new-service-test: ## Make a service in a copy of the repository, start it and call it; compiles for minutes
	export NEW_SERVICE_TARGET_DIR="$$PWD/target/new-service"
	$(CARGO) test --package e2e --test it -- --ignored a_new_service

import-test: ## Import sales while one part after another dies, on real servers: make import-test RETAIL_CSV=FILE
	scripts/tools nats
	scripts/servers start .dev/test
	trap 'scripts/servers remove .dev/test' EXIT
	source .dev/test/env
	$(CARGO) build --workspace --bins
	$(if $(RETAIL_CSV),export RETAIL_CSV="$(abspath $(RETAIL_CSV))")
	$(CARGO) test --package e2e --test it -- --ignored an_import_survives

simulate: ## The services' own code under faults that seeds decide: make simulate SEEDS=100000 FROM=0, or SEED=7
	export SIMULATION_SEEDS="$(or $(SEEDS),1000)" SIMULATION_FROM="$(or $(FROM),0)"
	$(if $(SEED),export SIMULATION_SEED="$(SEED)")
	$(CARGO) test --profile $(PROFILE) --package e2e --test simulation all_invariants -- --nocapture

conformance: ## The protobuf conformance suite against the JSON engine
	scripts/conformance

connect-conformance: ## Connect's conformance suite through the edge: make connect-conformance ARGS="--run 'Errors/**' --trace"
	scripts/suites connect $(ARGS)

connect-behind: ## The same suite's servers, which misbehave too, behind the edge
	scripts/suites connect-behind $(ARGS)

grpc-interop: ## gRPC's interop cases through the edge
	scripts/suites interop $(ARGS)

stripe-shapes: ## The Stripe of the tests against stripe-mock and Stripe's libraries
	scripts/stripe-shapes

h2spec: ## HTTP/2, at the edge's port and at a service's
	scripts/suites h2spec $(ARGS)

faults: ## Break everything that can break, under load, and print what came of it: make faults SEEDS=20 FAULTS="postgres nats"
	scripts/faults $(FAULTS)

fuzz: ## Fuzz the JSON engine, paths, queries, forms, the framing of gRPC-Web and the contract's rules, a minute for each target: make fuzz SECONDS=600
	scripts/fuzz $(or $(SECONDS),60)

lint-delivery: ## Dockerfile, workflows, Compose, manifests: their schemas, hadolint, actionlint, checkov
	scripts/lint-delivery

lint: ## Formatting, clippy, the contracts' rules and promises, dependencies
	scripts/lint

release-contracts: ## Promise the contracts as they are: proto/released.binpb, which lint compares with
	scripts/tools buf
	.dev/tools/bin/buf build --exclude-source-info --output proto/released.binpb

fmt: ## Format the code
	$(CARGO) fmt --all

bench: ## Measure everything but the edge, and write docs/BENCHMARKS.md
	scripts/bench

bench-edge: ## Measure the edge beside others like it, and write its part of docs/BENCHMARKS.md
	scripts/bench-edge

bench-transcoder: ## Measure the JSON engine: time and allocations per message
	$(CARGO) bench --package transcoder --bench json

image: ## Build the image of one binary, with docker, podman or buildah: make image BIN=svc-orders
	scripts/image --build $(BIN)

cluster: ## Start a Kubernetes cluster on this machine: k3d, kind or minikube if there is one, or one of its own
	scripts/cluster start

cluster-stop: ## End it, and remove everything that it has left
	scripts/cluster stop

build: ## In the cluster: build the images, and load them
	scripts/deploy build

apply: ## In the cluster: apply the manifests
	scripts/deploy apply

wait: ## In the cluster: wait until everything is available
	scripts/deploy wait

ingress-enable: ## In the cluster: an ingress controller
	scripts/deploy ingress-enable

ingress-apply: ## In the cluster: a certificate for tradewind.local and api.local
	scripts/deploy ingress-apply

deploy-ghcr: ## In the cluster: apply the manifests with published images: make deploy-ghcr REPOSITORY=ghcr.io/OWNER TAG=main
	REPOSITORY="$(REPOSITORY)" TAG="$(or $(TAG),main)" scripts/deploy ghcr

test-cluster: ## Prove in a real cluster what docs/KUBERNETES.md promises: make test-cluster ARGS="eviction"
	scripts/test-cluster $(ARGS)

# One shell for each recipe, so that traps and variables last to its end.
.ONESHELL:
