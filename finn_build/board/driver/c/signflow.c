/* SPDX-License-Identifier: BSD-3-Clause. Copyright (c) 2026, the signflow authors. */
/* See signflow.h. */
#include "signflow.h"

#include <stdio.h>
#include <string.h>

static uint32_t of_stream(unsigned stream, uint32_t offset) {
    return SIGNFLOW_STREAM_0 + SIGNFLOW_STREAM_STEP * stream + offset;
}

int signflow_open(struct signflow *shell, void *bus, const char *hash) {
    char found[33];
    uint32_t capabilities;
    int word;

    if (signflow_read(bus, SIGNFLOW_ID) != SIGNFLOW_MAGIC) return SIGNFLOW_NOT_THERE;
    if (signflow_read(bus, SIGNFLOW_VERSION) >> 16 != SIGNFLOW_MAJOR) return SIGNFLOW_OTHER_VERSION;
    for (word = 0; word < 4; word++)
        snprintf(found + 8 * word, 9, "%08x", (unsigned)signflow_read(bus, SIGNFLOW_BUILD_HASH + 4u * (uint32_t)word));
    if (hash && strcmp(hash, found) != 0) return SIGNFLOW_OTHER_BUILD;
    capabilities = signflow_read(bus, SIGNFLOW_CAPABILITIES);
    shell->bus = bus;
    shell->inputs = capabilities & 15u;
    shell->outputs = capabilities >> 4 & 15u;
    shell->word_bytes = capabilities >> 8 & 255u;
    signflow_write(bus, SIGNFLOW_CONTROL, SIGNFLOW_RESET | SIGNFLOW_CLEAR);
    while (signflow_read(bus, SIGNFLOW_STATUS) & SIGNFLOW_DRAINING) {
    }
    return 0;
}

uint32_t signflow_frame_bytes(const struct signflow *shell, unsigned stream) {
    return signflow_read(shell->bus, of_stream(stream, SIGNFLOW_FRAME_BYTES));
}

int signflow_start(const struct signflow *shell, const uint64_t *addresses, uint32_t frames, uint32_t timeout) {
    unsigned stream;

    if (signflow_read(shell->bus, SIGNFLOW_STATUS) & SIGNFLOW_QUEUED) return SIGNFLOW_BUSY;
    signflow_write(shell->bus, SIGNFLOW_TIMEOUT, timeout);
    for (stream = 0; stream < shell->inputs + shell->outputs; stream++) {
        signflow_write(shell->bus, of_stream(stream, SIGNFLOW_ADDRESS), (uint32_t)addresses[stream]);
        signflow_write(shell->bus, of_stream(stream, SIGNFLOW_ADDRESS_HIGH), (uint32_t)(addresses[stream] >> 32));
        signflow_write(shell->bus, of_stream(stream, SIGNFLOW_BYTES), frames * signflow_frame_bytes(shell, stream));
    }
    signflow_write(shell->bus, SIGNFLOW_CONTROL, SIGNFLOW_START);
    return 0;
}

int signflow_wait(const struct signflow *shell, uint32_t jobs, unsigned long looks) {
    for (; looks; looks--) {
        if (signflow_read(shell->bus, SIGNFLOW_STATUS) & SIGNFLOW_FAILED) return SIGNFLOW_STOPPED;
        if (signflow_read(shell->bus, SIGNFLOW_JOBS) >= jobs) return 0;
    }
    return SIGNFLOW_LATE;
}

uint64_t signflow_job_cycles(const struct signflow *shell) {
    uint64_t low = signflow_read(shell->bus, SIGNFLOW_JOB_CYCLES); /* latches the high word */

    return low | (uint64_t)signflow_read(shell->bus, SIGNFLOW_JOB_CYCLES_HIGH) << 32;
}

const char *signflow_says(int code) {
    switch (code) {
        case SIGNFLOW_NOT_THERE: return "no shell of signflow is there: is the bitstream loaded, the address right?";
        case SIGNFLOW_OTHER_VERSION: return "the shell is of another version; take this driver from its build's folder";
        case SIGNFLOW_OTHER_BUILD: return "the bitstream is another build's; take both from one deploy folder";
        case SIGNFLOW_BUSY: return "a job waits already";
        case SIGNFLOW_STOPPED: return "the job was stopped; the registers ERROR and STREAMS say why";
        case SIGNFLOW_LATE: return "the job is not done yet";
        default: return "all is well";
    }
}
