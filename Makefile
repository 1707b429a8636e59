# The commands of the project; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
export CGO_ENABLED := 1
LDFLAGS := -s -linkmode external -extldflags -static -X main.version=$(VERSION)
STATIC := -trimpath -tags netgo,osusergo -ldflags '$(LDFLAGS)'

TALLY := go run .ci/tally.go
FUZZTIME ?= 20s

# The preload library travels in the program. It is built first, and only if its sources have changed.
PRELOAD := netmap/preload/lib/libnetmap.so

.PHONY: help build plugin lab lab-docker test test-kernel bench pictures soak fuzz lint clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

$(PRELOAD): netmap/preload/build.sh $(wildcard netmap/preload/src/*.[ch]) netmap/internal/abi/netmap_abi.h
	netmap/preload/build.sh "$(CURDIR)/$@"

build: $(PRELOAD) ## build bin/valelab, one static program
	go build $(STATIC) -o bin/valelab ./cmd/valelab

# An engine that finds no registry needs none: plugin create takes a folder.
PLUGIN ?= valelab
plugin: build ## make valelab a plugin that Docker itself runs: network create -d valelab:latest (PLUGIN=name, PLUGIN_SET=settings)
	bin/valelab plugin package --name $(PLUGIN) bin/plugin
	@case "$$(docker plugin inspect -f '{{.Enabled}}' $(PLUGIN):latest 2>/dev/null || true)" in \
	true) docker plugin disable $(PLUGIN):latest && docker plugin rm $(PLUGIN):latest;; \
	false) docker plugin rm $(PLUGIN):latest;; esac
	docker plugin create $(PLUGIN):latest bin/plugin
	$(if $(PLUGIN_SET),docker plugin set $(PLUGIN):latest $(PLUGIN_SET))
	docker plugin enable $(PLUGIN):latest

lab: build ## run labs/txrx.yml for a few seconds and show its rings (needs root)
	@labs/show.sh

lab-docker: build ## the same with containers: labs/txrx-docker.yml (needs root and Docker, no registry)
	@labs/show.sh txrx-docker

# Tests that need root are named TestRoot...; -p 1, since some measure time.
test: $(PRELOAD) ## run all tests: unit tests with the race detector, root's tests as root
	@{ \
		go test -race -json -skip '^TestRoot' ./... || true; \
		if [ "$$(id -u)" = 0 ]; then go test -json -count=1 -p 1 -run '^TestRoot' ./... || true; fi; \
	} | $(TALLY)
	@if [ "$$(id -u)" != 0 ]; then \
		echo 'left out, since they need root (sudo make test runs them too):'; \
		grep -roE '^func TestRoot[A-Za-z0-9_]*' --include='*_test.go' . | \
			sed 's|^\./\(.*\)/[^/]*:func \(.*\)|  \1 \2|' | sort; \
	fi

test-kernel: $(PRELOAD) ## the tests of the kernel backend, in an emulated machine: NETMAP_KO=path KERNEL=path MODULES=folder
	@go run ./netmap/conformance/machine -netmap "$(NETMAP_KO)" -kernel "$(KERNEL)" -modules "$(MODULES)" $(TEST_KERNEL_FLAGS)

bench: build ## measure: packets a second next to this machine's own copy rate; as root, containers next to bare ones, networks of the plugin next to bridges, and top
	go run ./netmap/bench
	@if [ "$$(id -u)" = 0 ]; then go test -count=1 -tags bench -run '^TestBench' -v ./cmd/valelab; \
	else echo 'left out, since it needs root and Docker: deploy of containers, the plugin, top (sudo make bench)'; fi

pictures: ## draw the pictures of the README anew, from the recorded samples of top's tests
	go test ./cmd/valelab/tui -run '^TestPictures$$' -update

soak: $(PRELOAD) ## the long tests: random operations, kills of the agent, 1,000 nodes, an idle minute, the plugin (needs root)
	go test -count=1 -timeout 90m -tags soak -run '^TestSoak' -v ./cmd/valelab

fuzz: ## run each fuzz target for FUZZTIME (20s)
	@go list -f '{{$$p := .ImportPath}}{{range .TestGoFiles}}{{$$p}} {{$$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$p}} {{$$.Dir}}/{{.}}{{"\n"}}{{end}}' ./... | \
	while read -r pkg file; do \
		[ -n "$$file" ] || continue; \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$pkg $$name"; \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$pkg"; \
		done; \
	done

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	go vet -tags soak,bench,kernel ./...
	go tool staticcheck -tags soak,bench,kernel ./...

clean: ## remove what build made
	rm -rf bin $(PRELOAD)
