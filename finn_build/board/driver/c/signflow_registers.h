/* SPDX-License-Identifier: BSD-3-Clause. Copyright (c) 2026, the signflow authors. */
/* The registers of the shell, written by docs/registers.py from registers.yaml. */
#ifndef SIGNFLOW_REGISTERS_H
#define SIGNFLOW_REGISTERS_H

#define SIGNFLOW_MAGIC 0x53474e46u
#define SIGNFLOW_MAJOR 0x1u
#define SIGNFLOW_STREAM_0 0x100u
#define SIGNFLOW_STREAM_STEP 0x40u

/* byte offsets */
#define SIGNFLOW_ID 0x0u
#define SIGNFLOW_VERSION 0x4u
#define SIGNFLOW_CAPABILITIES 0x8u
#define SIGNFLOW_CONTROL 0xcu
#define SIGNFLOW_STATUS 0x10u
#define SIGNFLOW_JOBS 0x14u
#define SIGNFLOW_INT_ENABLE 0x18u
#define SIGNFLOW_INT_STATUS 0x1cu
#define SIGNFLOW_TIMEOUT 0x20u
#define SIGNFLOW_ERROR 0x24u
#define SIGNFLOW_STREAMS 0x28u
#define SIGNFLOW_CYCLES 0x30u
#define SIGNFLOW_CYCLES_HIGH 0x34u
#define SIGNFLOW_FRAMES 0x38u
#define SIGNFLOW_JOB_LATENCY 0x3cu
#define SIGNFLOW_JOB_CYCLES 0x40u
#define SIGNFLOW_JOB_CYCLES_HIGH 0x44u
#define SIGNFLOW_BUILD_HASH 0x50u

/* byte offsets from the first register of a stream */
#define SIGNFLOW_ADDRESS 0x0u
#define SIGNFLOW_ADDRESS_HIGH 0x4u
#define SIGNFLOW_BYTES 0x8u
#define SIGNFLOW_BEAT_BYTES 0xcu
#define SIGNFLOW_FRAME_BYTES 0x10u
#define SIGNFLOW_BEATS 0x14u
#define SIGNFLOW_STALLED 0x18u
#define SIGNFLOW_STARVED 0x1cu

#define SIGNFLOW_START 1u /* CONTROL */
#define SIGNFLOW_RESET 2u /* CONTROL */
#define SIGNFLOW_CLEAR 4u /* CONTROL */
#define SIGNFLOW_IDLE 1u /* STATUS */
#define SIGNFLOW_QUEUED 2u /* STATUS */
#define SIGNFLOW_FAILED 4u /* STATUS */
#define SIGNFLOW_DRAINING 8u /* STATUS */
#define SIGNFLOW_INT_DONE 1u /* INT_ENABLE */
#define SIGNFLOW_INT_FAILED 2u /* INT_ENABLE */
#define SIGNFLOW_TIMED_OUT 1u /* ERROR */
#define SIGNFLOW_READ_FAILED 2u /* ERROR */
#define SIGNFLOW_WRITE_FAILED 3u /* ERROR */
#define SIGNFLOW_BAD_JOB 4u /* ERROR */

#endif
