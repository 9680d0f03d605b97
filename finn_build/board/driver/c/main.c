/* SPDX-License-Identifier: BSD-3-Clause. Copyright (c) 2026, the signflow authors. */
/* Example: one job from a file of frames to a file of results.
 *
 *   signflow REGISTERS BASE MEMORY PHYSICAL SIZE HASH FRAMES INPUT OUTPUT
 *
 * REGISTERS  /dev/mem with BASE the shell's address (0x40000000 on Zynq-7000, 0xA0000000 on UltraScale+), or /dev/uio0
 *            with BASE 0
 * MEMORY     memory that the accelerator reaches and the caches leave alone: /dev/mem with a region that the kernel was told
 *            to keep off (reserved-memory), or a u-dma-buf; PHYSICAL is its address for the accelerator, SIZE its bytes
 * HASH       build_hash of accelerator.json; - takes any
 * INPUT      beats of the input stream, as they lie in memory; OUTPUT gets those of the first output stream
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "signflow.h"

enum { STREAMS = 10, PAGE = 4096, REGISTERS = 4096 };
static const uint32_t TIMEOUT = 100000000u; /* cycles without a beat: most of a second */

#ifndef SIGNFLOW_OTHER_BUS
static void *open_bus(const char *file, unsigned long base) {
    int opened = open(file, O_RDWR | O_SYNC);
    void *mapped = opened < 0 ? MAP_FAILED : mmap(NULL, REGISTERS, PROT_READ | PROT_WRITE, MAP_SHARED, opened, (off_t)base);

    return mapped == MAP_FAILED ? NULL : mapped;
}

uint32_t signflow_read(void *bus, uint32_t offset) { return ((volatile uint32_t *)bus)[offset / 4]; }

void signflow_write(void *bus, uint32_t offset, uint32_t value) {
    __sync_synchronize(); /* what was written to the buffers is there before the job starts */
    ((volatile uint32_t *)bus)[offset / 4] = value;
}
#else
void *open_bus(const char *file, unsigned long base);
#endif

static int fails(const char *what, const char *why) {
    fprintf(stderr, "error: %s: %s\n", what, why);
    return 1;
}

/* Memory of the accelerator: /dev/mem is mapped at its physical address, any other file from its start. */
static unsigned char *open_memory(const char *file, unsigned long physical, size_t size) {
    off_t offset = strcmp(file, "/dev/mem") == 0 ? (off_t)physical : 0;
    int opened = open(file, O_RDWR | O_SYNC);
    void *mapped = opened < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, opened, offset);

    return mapped == MAP_FAILED ? NULL : mapped;
}

int main(int count, char **words) {
    struct signflow shell;
    unsigned long physical, size, places[STREAMS + 1] = {0};
    uint64_t addresses[STREAMS];
    uint32_t frames, bytes;
    unsigned char *memory;
    void *bus;
    FILE *file;
    unsigned stream;
    int code;

    if (count != 10) return fails(words[0], "it takes REGISTERS BASE MEMORY PHYSICAL SIZE HASH FRAMES INPUT OUTPUT: README.md");
    physical = strtoul(words[4], NULL, 0);
    size = strtoul(words[5], NULL, 0);
    frames = (uint32_t)strtoul(words[7], NULL, 0);
    bus = open_bus(words[1], strtoul(words[2], NULL, 0));
    if (!bus) return fails(words[1], strerror(errno));
    memory = open_memory(words[3], physical, size);
    if (!memory) return fails(words[3], strerror(errno));
    code = signflow_open(&shell, bus, strcmp(words[6], "-") == 0 ? NULL : words[6]);
    if (code) return fails(words[1], signflow_says(code));
    if (shell.inputs != 1) return fails(words[1], "this example sends one input stream");

    for (stream = 0; stream < shell.inputs + shell.outputs; stream++) { /* buffers, one behind the other, on pages */
        bytes = frames * signflow_frame_bytes(&shell, stream);
        places[stream + 1] = places[stream] + (bytes + PAGE - 1) / PAGE * PAGE;
        addresses[stream] = physical + places[stream];
    }
    if (frames == 0 || places[stream] > size) return fails(words[5], "too small for so many frames, or no frames");
    bytes = frames * signflow_frame_bytes(&shell, 0);
    file = fopen(words[8], "rb");
    if (!file) return fails(words[8], strerror(errno));
    if (fread(memory, 1, bytes, file) != bytes) return fails(words[8], "holds fewer frames");
    fclose(file);

    code = signflow_start(&shell, addresses, frames, TIMEOUT);
    if (code == 0) code = signflow_wait(&shell, 1, 1000000000ul);
    if (code) return fails(words[1], signflow_says(code));
    file = fopen(words[9], "wb");
    if (!file) return fails(words[9], strerror(errno));
    bytes = frames * signflow_frame_bytes(&shell, 1);
    if (fwrite(memory + places[1], 1, bytes, file) != bytes || fclose(file)) return fails(words[9], strerror(errno));
    printf("%u frames in %llu cycles\n", frames, (unsigned long long)signflow_job_cycles(&shell));
    return 0;
}
