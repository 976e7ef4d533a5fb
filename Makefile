# Sojourn's targets. "make help" lists them.
.DEFAULT_GOAL := help
BUILD := $(CURDIR)/.build

# A HOME in which Go has never run stays as it is: caches then live in .build.
GO := go
ifeq ($(origin GOCACHE)$(wildcard $(HOME)/.cache/go-build $(HOME)/Library/Caches/go-build),undefined)
export GOCACHE := $(BUILD)/go-build
export GOMODCACHE := $(BUILD)/go-mod
export GOPATH := $(BUILD)/go
export GOFLAGS := $(GOFLAGS) -modcacherw
export XDG_CACHE_HOME := $(BUILD)/cache
export XDG_CONFIG_HOME := $(BUILD)/config
endif

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X sojourn/internal/version.Version=$(VERSION)
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: help build cross install man release test-windows demo test lint fuzz mutate bench bench-check bench-record parts generate clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/sojourn and bin/git-remote-codecommit (static)
	CGO_ENABLED=0 $(GO) build -tags nethttpomithttp2 -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

cross: ## build for every platform that is supported, to see that it builds
	@for p in $(PLATFORMS); do echo "$$p"; CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} \
		$(GO) build -trimpath -o $(BUILD)/cross/$$p/ ./cmd/... || exit 1; done

PREFIX := /usr/local
install: build man ## put programs, manual and completions under DESTDIR/PREFIX (/usr/local)
	@for d in bin share/man/man1 share/bash-completion/completions share/zsh/site-functions share/fish/vendor_completions.d; do \
		install -d '$(DESTDIR)$(PREFIX)'/$$d || exit 1; done
	@install -m 755 bin/sojourn bin/git-remote-codecommit '$(DESTDIR)$(PREFIX)/bin'
	@install -m 644 $(BUILD)/man/*.1 '$(DESTDIR)$(PREFIX)/share/man/man1'
	@bin/sojourn completion bash >'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sojourn'
	@bin/sojourn completion zsh >'$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_sojourn'
	@bin/sojourn completion fish >'$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/sojourn.fish'

man: build ## write the manual's pages, made of the text of --help, to .build/man
	@rm -rf $(BUILD)/man && bin/sojourn man --all $(BUILD)/man

release: ## archives for every platform, bills of materials and checksums in dist/; the same commit gives the same bytes
	@$(GO) run ./internal/release -version '$(VERSION)' -time "$$(git log -1 --format=%ct)" -out dist

test-windows: ## run the Windows programs under Debian's wine; installs it (400 MB), so it is no part of "make test"
	@sh scripts/wine
	CGO_ENABLED=0 $(GO) test -tags wine -count 1 ./internal/e2e/wine

demo: build ## the main job on real input; KEEP=1 leaves the server running
	@bin/sojourn demo $(if $(KEEP),--keep)

test: parts lint build ## the whole test suite, real parts included
	CGO_ENABLED=0 $(GO) test -timeout 40m ./...

parts: $(BUILD)/bin/dex $(BUILD)/bin/rolesanywhere-credential-helper $(BUILD)/bin/versitygw $(BUILD)/bin/gogit $(BUILD)/newest-git/bin/git $(BUILD)/providers/node_modules ## install what the tests need beside Go and git (AWS CLI, xmlsec1, identity providers)

.PHONY: packages
packages:
	@sh scripts/parts

$(BUILD)/bin/dex: tools/dex/go.mod tools/dex/go.sum | packages
	@echo "building Dex for the tests"
	@GOBIN=$(BUILD)/bin CGO_ENABLED=0 $(GO) -C tools/dex install tool
	@touch $@

$(BUILD)/bin/versitygw: tools/versitygw/go.mod tools/versitygw/go.sum | packages
	@echo "building versitygw, an S3 server, for the tests"
	@GOBIN=$(BUILD)/bin CGO_ENABLED=0 $(GO) -C tools/versitygw install tool
	@touch $@

$(BUILD)/bin/gogit: tools/gogit/main.go tools/gogit/go.mod tools/gogit/go.sum | packages
	@echo "building a client with go-git for the tests"
	@CGO_ENABLED=0 $(GO) -C tools/gogit build -o $@ .

$(BUILD)/newest-git/bin/git: scripts/newest-git | packages
	@echo "fetching the newest git for the tests"
	@sh scripts/newest-git $(BUILD)/newest-git
	@touch $@

# It signs with PKCS #11 devices too, for which it needs a C compiler.
$(BUILD)/bin/rolesanywhere-credential-helper: tools/rolesanywhere/go.mod tools/rolesanywhere/go.sum | packages
	@echo "building AWS's signing helper for the tests"
	@GOBIN=$(BUILD)/bin CGO_ENABLED=1 $(GO) -C tools/rolesanywhere install tool
	@touch $@

$(BUILD)/providers/node_modules: tools/providers/package.json tools/providers/package-lock.json | packages
	@mkdir -p $(@D) && cp $^ $(@D)
	@npm --prefix $(@D) --cache $(BUILD)/npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

lint: $(BUILD)/bin/golangci-lint ## formatting, vet, the layers, and the rest of .golangci.yml
	@$(BUILD)/bin/golangci-lint run ./...

$(BUILD)/bin/golangci-lint: tools/go.mod tools/go.sum
	GOBIN=$(BUILD)/bin CGO_ENABLED=0 $(GO) -C tools install tool
	@touch $@

FUZZTIME := 60s
fuzz: ## run every fuzz test for FUZZTIME (60s)
	@GO='$(GO)' sh scripts/fuzz $(FUZZTIME)

mutate: ## make small faults in the decision code, one at a time; the tests must notice 95 of 100
	@GO='$(GO)' sh scripts/mutate

bench: packages build $(BUILD)/bin/soft $(BUILD)/bin/minio ## measure us beside our peers in one run; prints ratios; DOCS=docs fills the page
	@GO='$(GO)' DOCS='$(DOCS)' ROUNDS='$(ROUNDS)' sh scripts/bench

# A small repository makes it quick; processor time makes it steady.
BENCH_CHECK := ./internal/bench/git -objects 20000 -rounds 7 -time 1s -soft none
bench-check: packages build ## fail where a ratio to a server that spawns git is more than 20 % worse than recorded
	@$(GO) run $(BENCH_CHECK) -check internal/bench/git/ratios.json bin

bench-record: packages build ## record the ratios that bench-check compares with
	@$(GO) run $(BENCH_CHECK) -record internal/bench/git/ratios.json bin

$(BUILD)/bin/minio: tools/minio/go.mod tools/minio/go.sum
	@echo "building MinIO, a peer in the benchmarks"
	@GOBIN=$(BUILD)/bin CGO_ENABLED=0 $(GO) -C tools/minio install tool
	@touch $@

$(BUILD)/bin/soft: tools/softserve/go.mod tools/softserve/go.sum
	@echo "building Soft Serve, a peer in the benchmarks"
	@GOBIN=$(BUILD)/bin CGO_ENABLED=0 $(GO) -C tools/softserve install tool
	@touch $@

generate: ## make the wire shapes anew from the installed botocore's models
	$(GO) generate ./internal/wire/...

clean: ## remove what the targets made
	rm -rf bin dist $(BUILD)
