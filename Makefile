# SPDX-License-Identifier: Apache-2.0
#
# The front door. Each target sets up what is missing first; CMakePresets.json holds the builds themselves.

JOBS ?= $(shell nproc)
export JOBS
PYTHONDONTWRITEBYTECODE := 1
export PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
SEEDS ?= 20000
SECONDS ?= 60
.PHONY: help setup build demo examples test sim bench storm crash transfers growth leavers asan tsan mutants consumers stranger picture reproduce package fuzz race docs check format tidy clean

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## Install what is missing: packages by apt; says how to get Rust
	@tools/setup

build: setup ## Build the command and its tools into build/release/bin, and the guests
	@tools/build release holdfast_product

demo: build ## Show the problem and the cure side by side, on real guests
	@build/release/bin/holdfast demo

examples: setup ## Build the programs of examples/, and run each
	@tools/build release run_examples

test: setup ## Run every test: normally, under AddressSanitizer, and core's under ThreadSanitizer
	@tools/run-tests release asan tsan

asan: setup ## Run every test under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/run-tests asan

tsan: setup ## Run core's tests under ThreadSanitizer
	@tools/run-tests tsan

mutants: setup ## Seed faults, show that the tests catch each; ONLY=NAME tries one
	@tools/build release holdfast_bridge_archive_build guests
	@tools/mutants --jobs $(JOBS) $(addprefix --only ,$(ONLY))

sim: setup ## Play core under SEEDS=20000 seeded schedules; a bad one is named
	@tools/build release holdfast-sim
	@build/release/bin/holdfast-sim --seeds $(SEEDS) --jobs $(JOBS)

consumers: build ## Install, and use what is installed, and the tree itself, as others will
	@tests/consumers/run build/release --all

stranger: setup ## Follow the README in a fresh Debian (debootstrap), as root
	@tests/consumers/stranger

picture: build ## Film the demo anew: docs/demo.svg
	@tools/record-terminal --out docs/demo.svg --columns 82 --rows 48 --title "holdfast demo" -- build/release/bin/holdfast demo

reproduce: setup ## Build the bridge twice, elsewhere the second time, and compare
	@tools/check-reproducible

package: build ## Make Debian packages of the library, its headers and the command: build/release/packages
	@cd build/release && cpack -G DEB

fuzz: setup ## Give hostile input to configuration, requests, JSON and WAVE, SECONDS=60 each
	@tools/fuzz --seconds=$(SECONDS)

bench: setup ## Measure, print a line a figure, write build/bench.json and docs/performance.md
	@tools/build release holdfast_product
	@tools/build release bench

race: setup ## Drive servers side by side with wrk: `wasmtime serve`, and a Beast that always says one thing
	@tools/build release holdfast_product holdfast-beast-hello
	@bench/serve/race.py --json build/race.json

storm: setup ## A million calls and ten minutes of every mishap at once, judged from outside
	@tools/build release holdfast-storm guests
	@build/release/bin/holdfast-storm

crash: setup ## Kill hosts at every sync of their journal and 1,000 times under load; fail their disk
	@tools/build release holdfast-crash guests
	@build/release/bin/holdfast-crash

transfers: setup ## Move money between 1,000 actors while calls are stopped and 39 of 40 processes killed
	@tools/build release holdfast-transfers guests
	@build/release/bin/holdfast-transfers
	@build/release/bin/holdfast-transfers --deterministic

growth: setup ## A million calls that share an instance, and nothing that grows
	@tools/build release holdfast_tests_host
	@HOLDFAST_GROWTH_CALLS=1000000 build/release/bin/holdfast_tests_host --gtest_filter='growth.*'

leavers: setup ## 10,000 clients of a server that leave anywhere, and nothing that they leave behind
	@tools/build release holdfast_tests_serve guests
	@HOLDFAST_LEAVERS=10000 build/release/bin/holdfast_tests_serve --gtest_filter='leaving_clients.*'

docs: setup ## Write docs/reference anew, cut the snippets of the pages, and check the book
	@tools/reference
	@tools/check-docs --fix

check: setup ## Check layers, lengths, licence lines, format, the book and generated headers
	@tools/check-layers
	@tests/house/check-layers-test
	@tools/check-format
	@tools/reference --check
	@tools/check-docs
	@tools/engine-build -- tools/check-bridge-header

format: setup ## Format the C++ in place
	@tools/check-format --fix

tidy: setup ## Run clang-tidy's short list over the C++ sources
	@tools/check-tidy

clean: ## Remove the build tree; the shared engine cache stays
	@rm -rf build
