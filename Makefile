# The front door. Thin on purpose: the work is in CMake presets and scripts/.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help build demo lab test test-newer bench lint fuzz format clean

JOBS ?= $(shell nproc)

help: ## this list
	@echo 'Rolegate: log in to Aurora, RDS and Redshift with an IAM role.'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the release program at build/release/rolegate
	@scripts/install-dependencies build bundle
	@scripts/build release rolegate_program rolegate_api

demo: ## everything in one go: install, build, start the lab, log in to the four kinds of database, use the gateway, stop
	@scripts/install-dependencies build bundle lab
	@scripts/build release rolegate_program rolegate_api
	@scripts/demo

lab: ## start the lab, leave it up, and print the commands to try
	@scripts/install-dependencies build bundle lab
	@scripts/build release rolegate_program rolegate_api
	@scripts/start-lab

test: ## unit and end-to-end tests; closes with "N passed, N failed"
	@scripts/install-dependencies build bundle lab
	@scripts/test

test-newer: ## command line and gateway with MySQL 9, PostgreSQL 18 and their clients, out of Debian sid; needs root
	@scripts/install-dependencies build bundle lab
	@scripts/build release rolegate_program
	@scripts/test-newer

bench: ## the figures of README, measured anew in one run
	@scripts/install-dependencies build bundle lab bench
	@scripts/bench; status=$$?; scripts/bench-gateway || status=1; exit $$status

lint: ## format, layers, map, shell and Python checks, clang-tidy
	@scripts/install-dependencies build lint
	@scripts/lint

fuzz: ## each fuzzer for a minute; SECONDS_EACH=60
	@scripts/install-dependencies build
	@scripts/fuzz

format: ## put every C++ file into the project's format
	@git ls-files '*.cpp' '*.hpp' '*.h' '*.c' | xargs clang-format-19 -i

clean: ## remove what was built
	@rm -rf build
