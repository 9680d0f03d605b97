/* SPDX-License-Identifier: BSD-3-Clause. Copyright (c) 2026, the signflow authors. */
/* The shell of an accelerator from C, on bare Linux: no PYNQ, no Python.
 *
 * The bus is two functions, so that the same code runs on /dev/mem, on UIO and on a simulated board. A transfer is one
 * job: `frames` images in, as many results out, beats back to back as the build's README and accelerator.json say.
 */
#ifndef SIGNFLOW_H
#define SIGNFLOW_H

#include <stdint.h>

#include "signflow_registers.h"

/* Implemented by the program: a 32-bit register by its byte offset. */
uint32_t signflow_read(void *bus, uint32_t offset);
void signflow_write(void *bus, uint32_t offset, uint32_t value);

struct signflow {
    void *bus;
    unsigned inputs, outputs; /* streams, as CAPABILITIES says */
    uint32_t word_bytes;      /* buffers start at a multiple of it */
};

/* All return 0, or a negative code that signflow_says puts into words. */
enum {
    SIGNFLOW_NOT_THERE = -1,
    SIGNFLOW_OTHER_VERSION = -2,
    SIGNFLOW_OTHER_BUILD = -3,
    SIGNFLOW_BUSY = -4,
    SIGNFLOW_STOPPED = -5,
    SIGNFLOW_LATE = -6
};

/* Find the shell and reset it; `hash` are the 32 digits of accelerator.json, or NULL to take any build. */
int signflow_open(struct signflow *shell, void *bus, const char *hash);

/* Bytes of a frame of stream i: inputs first, then outputs. */
uint32_t signflow_frame_bytes(const struct signflow *shell, unsigned stream);

/* Queue a job: physical address of each stream's buffer. The timeout is in cycles without a beat, 0 for none. */
int signflow_start(const struct signflow *shell, const uint64_t *addresses, uint32_t frames, uint32_t timeout);

/* Wait until `jobs` jobs are done since the reset, looking at most `looks` times. */
int signflow_wait(const struct signflow *shell, uint32_t jobs, unsigned long looks);

/* Cycles of the latest job, start to end. */
uint64_t signflow_job_cycles(const struct signflow *shell);

const char *signflow_says(int code);

#endif
