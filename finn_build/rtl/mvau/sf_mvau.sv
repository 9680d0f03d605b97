// Matrix-vector unit: y = W x for each vector of MW activations, MH outputs, PE rows times SIMD columns per cycle.
//
// Streams: in0 carries a vector in SF = MW / SIMD beats, once; it is replayed from a buffer for the NF = MH / PE row
// folds. out0 carries NF beats: PE p of fold nf is row nf * PE + p. Lane 0 in the low bits. One-bit activations
// (bipolar) and weights: 1 is +1. MASKED: three-valued activations (two's complement), where all lanes of a beat
// are of the same pixel, so all of them are zero (padding) or none is.
// Weights of 2 to 8 bits multiply in DSP slices (LUTs where DSP = 0), with SHIFT > 0 two rows in one (sf_mvau_dots.sv). Unsigned activations
// of b bits enter as x - 2^(b-1), which halves what a field of the slice must hold.
// Memories: WEIGHT_FILE word nf * SF + sf holds PE x SIMD weights, PE 0 lane 0 lowest; with SHIFT > 0 pairs of rows, as
// sf_mvau_dots.sv says, and an odd last row plain. INIT_FILE word nf holds PE start values of the sums, read for
// one-bit weights with unsigned or signed activations and for wider ones with unsigned activations.
// Latency: SF + 2 + D cycles from first beat to first sum, D = 1 + REGISTERED for one-bit weights,
// 1 + ceil(CHAIN / 3) + ceil(log2(ceil(SIMD / CHAIN))) for wider ones. II: SF * NF cycles a vector, with no bubbles.
// Area (Yosys, raw LUTs, weights in LUTs): MW 216, MH 24, SIMD 24, PE 4, bipolar: 310 LUT + 16 LUTRAM, 225 FF, 96 of
// each the weights; MW 144, MH 16, SIMD 16, PE 4, UINT4: 690 LUT + 44 LUTRAM, 303 FF;
// MW = SIMD 81, MH 24, PE 4, UINT8 x INT8, NARROW: 1159 LUT, 2031 FF, 162 DSP48E1.
// Reset: synchronous, clears counters and flags; memories and data registers keep their contents.
`default_nettype none

module sf_mvau #(
    parameter int unsigned MW = 1,
    parameter int unsigned MH = 1,
    parameter int unsigned SIMD = 1,
    parameter int unsigned PE = 1,
    parameter int unsigned ABITS = 1,
    parameter int unsigned WBITS = 1,
    parameter int unsigned ACC_BITS = 2,
    parameter bit SIGNED = 0,
    parameter bit BIPOLAR = 0,
    parameter bit MASKED = 0,
    /// Of weights of several bits: none is the most negative value; the rows' distance in a DSP slice, 0 for one row
    /// each; one bit more for the lower row; slices that sum in a chain.
    parameter bit NARROW = 0,
    parameter int unsigned SHIFT = 0,
    parameter bit GUARD = 0,
    parameter int unsigned CHAIN = 1,
    /// Products in DSP slices; 0: in LUTs, then SHIFT is 0.
    parameter bit DSP = 1,
    /// Registers within a popcount, see mvau_signs.sv; their number.
    parameter bit [15:0] REGISTERS = '0,
    parameter int unsigned REGISTERED = 0,
    /// 1: weights in block RAM.
    parameter bit BLOCK_WEIGHTS = 0,
    /// Of the vector's buffer, as in sf_ram.sv.
    parameter int unsigned RAM_STYLE = 0,
    parameter WEIGHT_FILE = "none.mem",
    parameter INIT_FILE = "none.mem"
) (
    /// Clock.
    input  wire                    clk,
    /// Synchronous reset, active high.
    input  wire                    rst,
    /// Activations.
    input  wire [SIMD*ABITS-1:0]   in0_data,
    input  wire                    in0_valid,
    output wire                    in0_ready,
    /// Sums.
    output wire [PE*ACC_BITS-1:0]  out0_data,
    output wire                    out0_valid,
    input  wire                    out0_ready
);
    if (MW % SIMD != 0) begin : g_illegal_simd
        $fatal(1, "mvau: SIMD=%0d must divide MW=%0d", SIMD, MW);
    end
    if (MH % PE != 0) begin : g_illegal_pe
        $fatal(1, "mvau: PE=%0d must divide MH=%0d", PE, MH);
    end

    localparam int unsigned SF = MW / SIMD;
    localparam int unsigned NF = MH / PE;
    localparam int unsigned SF_BITS = SF > 1 ? $clog2(SF) : 1;
    localparam int unsigned NF_BITS = NF > 1 ? $clog2(NF) : 1;
    localparam int unsigned WORDS = SF * NF;
    localparam int unsigned WORD_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
    // Factors are signed: a bipolar one becomes two bits.
    localparam int unsigned XBITS = WBITS > 1 ? (BIPOLAR ? ABITS + 1 : ABITS) : MASKED ? 1 : ABITS;
    localparam int unsigned HELD_BITS = SIMD * XBITS + (MASKED ? 1 : 0);
    localparam int unsigned SEGMENT = 3;  // slices that sum in one cycle
    localparam int unsigned CHAINS = (SIMD + CHAIN - 1) / CHAIN;
    localparam int unsigned DOT =
        WBITS > 1 ? 1 + (CHAIN + SEGMENT - 1) / SEGMENT + $clog2(CHAINS) : 1 + REGISTERED;
    // All products at once: a beat waits before them, where it is narrower, and the pipeline stops with what reads its sums.
    localparam bit EARLY = WORDS == 1 && SIMD * ABITS < PE * ACC_BITS;
    localparam int unsigned HELD_AT = EARLY ? 1 : 2;
    localparam int unsigned LAST = HELD_AT + DOT;  // the stage whose beat enters the accumulators
    wire [SIMD*ABITS-1:0] x;
    wire x_valid, x_ready;

    // Flags of the beat in stage s: HELD_AT beside its weights, one before that in the buffer, LAST a finished dot product.
    logic [LAST:1] valid_q, first_q, last_q;
    // Otherwise whether the pipeline moves reaches all of its registers from one: it is known a cycle ahead, as the stream's
    // ready is.
    logic adv_q, ready_q;
    wire  room;
    wire  adv = EARLY ? room : adv_q;
    wire  finish = valid_q[LAST] && last_q[LAST];
    wire  finish_next = !adv || (valid_q[LAST-1] && last_q[LAST-1]);
    wire  room_next = SF > 1 ? (room ? !finish : out0_ready) : out0_ready || !out0_valid || (room && !finish);
    wire  adv_next = !finish_next || room_next;

    // Position of the next beat; folds of rows but the first replay the vector.
    logic [SF_BITS-1:0] sf_q, sf_read_q;
    logic [NF_BITS-1:0] nf_q;
    logic replay_q;
    wire sf_end = sf_q == SF_BITS'(SF - 1);
    wire issue = replay_q || x_valid;
    wire fold_end = adv && issue && sf_end;
    wire replay_next = fold_end ? nf_q != NF_BITS'(NF - 1) : replay_q;
    assign x_ready = EARLY ? room : ready_q;

    always_ff @(posedge clk) begin
        if (rst) begin
            sf_q <= '0;
            nf_q <= '0;
            replay_q <= 1'b0;
            adv_q <= 1'b1;
            ready_q <= 1'b1;
        end else begin
            if (adv && issue) sf_q <= sf_end ? '0 : sf_q + 1'b1;
            if (fold_end) nf_q <= nf_q == NF_BITS'(NF - 1) ? '0 : nf_q + 1'b1;
            replay_q <= replay_next;
            adv_q <= adv_next;
            ready_q <= adv_next && !replay_next;
        end
    end

    always_ff @(posedge clk) begin
        if (rst) valid_q <= '0;
        else if (adv) valid_q <= {valid_q[LAST-1:1], issue};
        if (adv) begin
            first_q <= {first_q[LAST-1:1], sf_q == 0};
            last_q <= {last_q[LAST-1:1], sf_end};
            sf_read_q <= sf_q;
        end
    end

    // Decoded activations, as the dot products want them.
    wire [HELD_BITS-1:0] decoded;
    for (genvar l = 0; l < SIMD; l++) begin : g_decode
        wire [ABITS-1:0] lane = x[l*ABITS+:ABITS];
        if (WBITS > 1) begin : g_factor
            if (BIPOLAR) begin : g_bipolar
                assign decoded[l*XBITS+:XBITS] = {!lane, 1'b1};
            end else if (SIGNED) begin : g_signed
                assign decoded[l*XBITS+:XBITS] = lane;
            end else begin : g_unsigned
                assign decoded[l*XBITS+:XBITS] = lane ^ (ABITS'(1'b1) << (ABITS - 1));
            end
        end else if (MASKED) begin : g_masked
            assign decoded[l] = !lane[ABITS-1];
        end else begin : g_planes
            for (genvar b = 0; b < XBITS; b++) begin : g_plane
                assign decoded[b*SIMD+l] = lane[b];
            end
        end
    end
    if (MASKED) begin : g_padding
        assign decoded[HELD_BITS-1] = x[0];
    end

    // The vector's buffer: written one cycle ahead of the read, so that every fold reads it alike.
    localparam int unsigned HELD = NF > 1 ? SF : 1;
    wire [HELD_BITS-1:0] x_q;
    if (HELD > 1) begin : g_buffer
        sf_ram #(.WIDTH(HELD_BITS), .WORDS(HELD), .STYLE(RAM_STYLE)) held (
            .clk, .write(x_ready), .write_addr(sf_q), .write_data(decoded),
            .read(adv), .blank(1'b0), .read_addr(sf_read_q), .data_q(x_q)
        );
    end else begin : g_register
        logic [HELD_BITS-1:0] held_q, vector_q;
        always_ff @(posedge clk) begin
            if (x_ready) held_q <= decoded;
            if (adv) vector_q <= EARLY ? decoded : held_q;
        end
        assign x_q = vector_q;
        wire unused = &{1'b0, sf_read_q};
    end

    // Weights of the beat in stage 1 appear in stage 2; block RAM is read a stage before, through its output register.
    localparam int unsigned PAIRS = SHIFT > 0 ? PE / 2 : 0;
    localparam int unsigned PAIR_BITS = SIMD * (2 * WBITS + (NARROW ? 0 : 1));
    localparam int unsigned ROW_BITS = SIMD * WBITS;
    localparam int unsigned WORD_WIDTH = PAIRS * PAIR_BITS + (PE - 2 * PAIRS) * ROW_BITS;
    wire [WORD_WIDTH-1:0] w;
    logic [WORD_BITS-1:0] word_q;
    always_ff @(posedge clk) begin
        if (rst) word_q <= '0;
        else if (adv && (BLOCK_WEIGHTS ? issue : valid_q[1])) word_q <= word_q == WORD_BITS'(WORDS - 1) ? '0 : word_q + 1'b1;
    end
    sf_rom #(.DEPTH(WORDS), .WIDTH(WORD_WIDTH), .BLOCK(BLOCK_WEIGHTS), .PIPELINED(BLOCK_WEIGHTS), .INIT_FILE(WEIGHT_FILE)) weights (
        .clk, .en(adv), .addr(word_q), .data_q(w)
    );

    // Start values follow the folds one stage before the accumulators.
    wire [PE*ACC_BITS-1:0] init;
    if (!BIPOLAR && (WBITS == 1 || !SIGNED)) begin : g_init
        logic [NF_BITS-1:0] row_q;
        always_ff @(posedge clk) begin
            if (rst) row_q <= '0;
            else if (adv && valid_q[LAST-1] && last_q[LAST-1])
                row_q <= row_q == NF_BITS'(NF - 1) ? '0 : row_q + 1'b1;
        end
        sf_rom #(.DEPTH(NF), .WIDTH(PE * ACC_BITS), .INIT_FILE(INIT_FILE)) start (
            .clk, .en(adv), .addr(row_q), .data_q(init)
        );
    end else begin : g_no_init
        assign init = '0;
    end

    wire counts;
    if (MASKED) begin : g_mask
        logic [LAST:HELD_AT+1] counts_q;
        always_ff @(posedge clk) if (adv) counts_q <= (LAST - HELD_AT)'({counts_q, x_q[HELD_BITS-1]});
        assign counts = counts_q[LAST];
    end else begin : g_no_mask
        assign counts = 1'b1;
    end

    wire [PE*ACC_BITS-1:0] sums;
    if (WBITS > 1) begin : g_products
        for (genvar p = 0; p < PE - PAIRS; p++) begin : g_rows
            localparam int unsigned ROWS = p < PAIRS ? 2 : 1;
            localparam int unsigned FIRST = p < PAIRS ? 2 * p : PAIRS + p;
            localparam int unsigned AT = p < PAIRS ? p * PAIR_BITS : PAIRS * PAIR_BITS + (p - PAIRS) * ROW_BITS;
            sf_mvau_rows #(
                .SIMD(SIMD), .XBITS(XBITS), .WBITS(WBITS), .ACC_BITS(ACC_BITS), .ROWS(ROWS), .NARROW(NARROW),
                .SHIFT(SHIFT), .GUARD(GUARD), .CHAIN(CHAIN), .SEGMENT(SEGMENT), .DSP(DSP)
            ) rows (
                .clk, .en(adv), .x(x_q),
                .w(w[AT+:(ROWS == 2 ? PAIR_BITS : ROW_BITS)]),
                .valid(valid_q[LAST]), .first(first_q[LAST]),
                .init(init[FIRST*ACC_BITS+:ROWS*ACC_BITS]),
                .sums(sums[FIRST*ACC_BITS+:ROWS*ACC_BITS])
            );
        end
        wire unused_counts = counts;
    end else begin : g_signs
        for (genvar p = 0; p < PE; p++) begin : g_pe
            sf_mvau_pe #(
                .MW(MW), .SIMD(SIMD), .ACC_BITS(ACC_BITS), .XBITS(XBITS),
                .SIGNED(SIGNED), .BIPOLAR(BIPOLAR), .MASKED(MASKED), .REGISTERS(REGISTERS), .CONSTANT(WORDS == 1)
            ) pe (
                .clk, .en(adv),
                .x(x_q[SIMD*XBITS-1:0]),
                .w(w[p*SIMD+:SIMD]),
                .valid(valid_q[LAST]), .first(first_q[LAST]), .counts,
                .init(init[p*ACC_BITS+:ACC_BITS]),
                .sum(sums[p*ACC_BITS+:ACC_BITS])
            );
        end
    end

    if (EARLY) begin : g_early
        sf_fifo #(.WIDTH(SIMD * ABITS), .DEPTH(2)) inlet (
            .clk, .rst, .in0_data, .in0_valid, .in0_ready, .out0_data(x), .out0_valid(x_valid), .out0_ready(x_ready)
        );
        logic [PE*ACC_BITS-1:0] sums_q;
        logic sums_valid_q;
        always_ff @(posedge clk) begin
            if (rst) sums_valid_q <= 1'b0;
            else if (adv) sums_valid_q <= finish;
            if (adv) sums_q <= sums;
        end
        assign room = out0_ready || !sums_valid_q;
        assign out0_data = sums_q;
        assign out0_valid = sums_valid_q;
    end else begin : g_late
        assign x = in0_data;
        assign x_valid = in0_valid;
        assign in0_ready = x_ready;
        sf_fifo #(.WIDTH(PE * ACC_BITS), .DEPTH(SF > 1 ? 1 : 2)) outlet (
            .clk, .rst, .in0_data(sums), .in0_valid(finish), .in0_ready(room), .out0_data, .out0_valid, .out0_ready
        );
    end

`ifndef SYNTHESIS
    foreseen: assert property (@(posedge clk) disable iff (rst) 1'b1 |=> EARLY || adv == (!finish || room));
    assert property (@(posedge clk) disable iff (rst) out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
    if (MASKED) begin : g_check
        logic [SIMD-1:0] nonzero;
        always_comb for (int l = 0; l < SIMD; l++) nonzero[l] = in0_data[l*ABITS];
        assert property (@(posedge clk) disable iff (rst) in0_valid |-> nonzero == '0 || nonzero == '1);
    end
`endif
endmodule

`default_nettype wire
