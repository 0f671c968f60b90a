# The commands of Lockstep. Each does its own set-up: system packages, pinned wheels, configure, build.
#   make demo RUN=runs/mine    another run folder;   make test CI=true    warnings are errors, as in CI
BUILD := build
JOBS := $(shell nproc 2>/dev/null || echo 2)
RUN ?= runs/demo
# In CI warnings are errors.
CONFIGURE_FLAGS := -DLOCKSTEP_WERROR=$(if $(filter true,$(CI)),ON,OFF)

.PHONY: demo test build program bench check setup configure clean

demo: program  ## learn to swing up a cartpole, and show it
	$(BUILD)/lockstep train cartpole-swingup --agent sindy-mpc --run-dir $(RUN) --overwrite

test: build  ## build, and run every test
	ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS)

build: configure  ## build/lockstep, and the tests
	cmake --build $(BUILD) -j $(JOBS)

program: configure  ## build/lockstep alone
	cmake --build $(BUILD) -j $(JOBS) --target lockstep

configure: setup
	@cmake --preset release $(CONFIGURE_FLAGS)

bench: program  ## native physics against MuJoCo
	$(BUILD)/lockstep bench physics

check:  ## rules of the house: include direction, names, file sizes (under a second)
	python3 tools/check.py

setup:  ## system packages and pinned wheels; nothing where they are there
	@tools/setup.sh

clean:
	rm -rf $(BUILD)
