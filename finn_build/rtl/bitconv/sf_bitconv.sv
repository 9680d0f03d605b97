// One binary convolution as one unit: signs, rows, zero padding, XNOR-popcount, shortcut and step function.
//
// Function   out0 = steps(SUM_SCALE * conv(sign(in0)) + SHORTCUT_SCALE * shortcut), channel by channel. sign() is a
//            threshold per channel (RSign on integers), or in0 itself where it is bipolar (SIGN_STEPS 0). A padded place
//            adds nothing. The shortcut is nothing (0), in0 itself (1, stride 1) or the stream in1 (2).
// Order      frames H x W x C in raster order, OH x OW x MH out.
// Packing    in0 IN_LANES channels a beat, in1 and out0 LANES channels, channel 0 in the low bits.
// Memories   WEIGHT_FILE word nf * SF + sf: PE x SIMD weights, PE 0 lane 0 lowest, SF = KH * KW * C / SIMD.
//            SIGN_FILE: see sf_bitconv_signs. Others, in the op's instance: see sf_bitconv_steps, with AFFINE
//            sf_bitconv_affine.
// Latency    the first window's rows, a fold, STAGES, REGISTERED and 6 cycles, 3 more with AFFINE, 1 more unless SPACED.
// II         max(H*W*C/IN_LANES, OH*OW*NF * max(SF, PE/LANES * STAGES)), NF = MH / PE, STAGES = ceil(log2(STEPS + 1)).
// Reset      clears control; memories and data need none.
`default_nettype none

module sf_bitconv #(
    parameter int C = 8,
    parameter int MH = 8,
    parameter int SIMD = 8,
    parameter int PE = 1,
    parameter int IN_LANES = 1,
    parameter int LANES = 1,
    parameter int H = 8, W = 8, KH = 3, KW = 3, SH = 1, SW = 1,  // image, kernel, stride: rows, columns
    parameter int DY = 1, DX = 1, PT = 1, PL = 1, OH = 8, OW = 8,  // dilation; places padded before it; windows
    parameter bit PADDED = 1'b1,           // some window reaches beyond the image
    parameter int DEPTH = 32,              // words of the ring of rows
    parameter int RAM_STYLE = 0,
    parameter int IN_BITS = 4,
    parameter bit IN_SIGNED = 1'b1,
    parameter bit SIGN_STEPS = 1'b1,       // 0: in0 is bipolar
    parameter int SHORTCUT = 0,
    parameter int SHORTCUT_BITS = 4,
    parameter bit SHORTCUT_SIGNED = 1'b1,
    parameter int SHORTCUT_SCALE = 1,
    parameter int SUM_SCALE = 1,
    parameter int KEPT = 2,                // beats of in0 kept for the shortcut
    parameter int KEPT_STYLE = 0,
    parameter bit [15:0] REGISTERS = '0,    // within a popcount, see sf_mvau_signs
    parameter int REGISTERED = 0,          // their number
    parameter int ACC_BITS = 8,
    parameter int TOTAL_BITS = 10,
    parameter int STEPS = 1,
    parameter int OUT_BITS = 1,
    parameter int BIAS = 0,
    parameter bit TABLE = 1'b0,
    parameter bit AFFINE = 1'b0,           // the steps are two lines a channel; STEPS = 2^k - 1, no TABLE
    parameter int FRACTION = 0,            // these three only with AFFINE
    parameter int A_BITS = 1,
    parameter int D_BITS = 1,
    parameter bit BLOCK = 1'b0,            // weights in block RAM
    parameter bit [1:0] PAIRED = '0,       // bit 0: steps, 1: table or lines as in sf_rom_late
    parameter int ROM_ADDR = 1,
    parameter int ROM_WORD = TOTAL_BITS + 1,
    parameter WEIGHT_FILE = "none.mem",
    parameter SIGN_FILE = "none.mem"
) (
    input  wire                            clk,
    input  wire                            rst,         /// synchronous, active high
    input  wire  [   IN_LANES*IN_BITS-1:0] in0_data,
    input  wire                            in0_valid,
    output logic                           in0_ready,
    input  wire  [LANES*SHORTCUT_BITS-1:0] in1_data,    /// only with SHORTCUT 2
    input  wire                            in1_valid,
    output logic                           in1_ready,
    output logic [     LANES*OUT_BITS-1:0] out0_data,   /// registered
    output logic                           out0_valid,  /// registered
    input  wire                            out0_ready,
    output wire  [            2*LANES-1:0] rom_en,      /// see sf_thresholding
    output wire  [   2*LANES*ROM_ADDR-1:0] rom_addr,
    input  wire  [   2*LANES*ROM_WORD-1:0] rom_data
);
    localparam int STAGES = $clog2(STEPS + 1);
    localparam int ROW_BITS = MH > LANES ? $clog2(MH / LANES) : 1;
    localparam int FOLDS = C / SIMD;
    localparam int SF = KH * KW * FOLDS;
    localparam int NF = MH / PE;
    localparam int WORDS = SF * NF;
    localparam int WORD_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
    localparam int DOT = 1 + REGISTERED;
    // Room for the cycle that a single place at the output needs between two beats.
    localparam int SEARCHES = PE / LANES * STAGES;
    localparam bit SPACED = (SF > SEARCHES ? SF : SEARCHES) >= PE / LANES * (STAGES > 1 ? STAGES : 2);
    localparam bit FORESEEN = SPACED || (!AFFINE && SF > SEARCHES);  // time for a cycle between two sums
    localparam int LAST = DOT + 1;  // the stage whose beat enters the accumulators; 1 stands beside its weights

    if (C % SIMD != 0) begin : g_illegal_simd
        $fatal(1, "bitconv: SIMD=%0d must divide C=%0d", SIMD, C);
    end
    if (MH % PE != 0) begin : g_illegal_pe
        $fatal(1, "bitconv: PE=%0d must divide MH=%0d", PE, MH);
    end
    if (SIMD % IN_LANES != 0) begin : g_illegal_in_lanes
        $fatal(1, "bitconv: IN_LANES=%0d must divide SIMD=%0d", IN_LANES, SIMD);
    end
    if (PE % LANES != 0) begin : g_illegal_lanes
        $fatal(1, "bitconv: LANES=%0d must divide PE=%0d", LANES, PE);
    end
    if (SHORTCUT == 1 && (C != MH || IN_LANES != LANES || SHORTCUT_BITS != IN_BITS)) begin : g_illegal_shortcut
        $fatal(1, "bitconv: in0 as the shortcut needs C=%0d to be MH=%0d and IN_LANES=%0d to be LANES=%0d", C, MH,
               IN_LANES, LANES);
    end

    // The shortcut, in step with the outputs.
    wire [LANES*SHORTCUT_BITS-1:0] shortcut;
    wire shortcut_valid, shortcut_ready, kept_ready, signs_ready;
    if (SHORTCUT == 1) begin : g_own
        sf_fifo #(.WIDTH(LANES * SHORTCUT_BITS), .DEPTH(KEPT), .RAM_STYLE(KEPT_STYLE)) kept (
            .clk, .rst,
            .in0_data, .in0_valid(in0_valid && signs_ready), .in0_ready(kept_ready),
            .out0_data(shortcut), .out0_valid(shortcut_valid), .out0_ready(shortcut_ready)
        );
    end else begin : g_other
        assign kept_ready = 1'b1;
        assign shortcut = in1_data;
        assign shortcut_valid = SHORTCUT == 0 || in1_valid;
    end
    assign in1_ready = SHORTCUT == 2 && shortcut_ready;
    assign in0_ready = signs_ready && kept_ready;
    wire unused = &{1'b0, in1_data, in1_valid, shortcut_ready};

    // Signs, gathered to words of SIMD channels, into the rows.
    wire [SIMD-1:0] word;
    wire word_valid, word_ready;
    sf_bitconv_signs #(
        .FOLDS(C / IN_LANES), .IN_LANES(IN_LANES), .IN_BITS(IN_BITS), .IN_SIGNED(IN_SIGNED), .STEPS(SIGN_STEPS),
        .GATHER(SIMD / IN_LANES), .FILE(SIGN_FILE)
    ) signs (
        .clk, .rst, .in0_data, .in0_valid(in0_valid && kept_ready), .in0_ready(signs_ready),
        .out0_data(word), .out0_valid(word_valid), .out0_ready(word_ready)
    );

    wire [SIMD-1:0] x;
    wire x_pad, x_last, x_valid, adv;
    sf_swg_core #(
        .WIDTH(SIMD), .FOLDS(FOLDS), .H(H), .W(W), .KH(KH), .KW(KW), .SH(SH), .SW(SW),
        .DY(DY), .DX(DX), .PT(PT), .PL(PL), .OH(OH), .OW(OW), .DEPTH(DEPTH), .REPEAT(NF), .RIGID(1'b1), .RAM_STYLE(RAM_STYLE)
    ) rows (
        .clk, .rst, .in0_data(word), .in0_valid(word_valid), .in0_ready(word_ready),
        .out0_data(x), .out0_pad(x_pad), .out0_last(x_last), .out0_valid(x_valid), .out0_ready(adv)
    );

    // Flags of the beat in each stage, and the weights beside stage 1.
    logic [LAST:1] valid_q, first_q, last_q, pad_q;
    logic first_next_q;
    logic [SIMD-1:0] x_q;
    logic [WORD_BITS-1:0] word_q;
    // Block RAM holds the next word ready in front of its output register; the first one from the reset on.
    logic primed_q;
    wire read = (adv && x_valid) || (BLOCK && !primed_q);
    always_ff @(posedge clk) begin
        if (rst) begin
            valid_q <= '0;
            word_q <= '0;
            first_next_q <= 1'b1;
            primed_q <= 1'b0;
        end else begin
            primed_q <= 1'b1;
            if (adv) valid_q <= {valid_q[LAST-1:1], x_valid};
            if (adv && x_valid) first_next_q <= x_last;
            if (read) word_q <= word_q == WORD_BITS'(WORDS - 1) ? '0 : word_q + 1'b1;
        end
        if (adv) begin
            first_q <= {first_q[LAST-1:1], first_next_q};
            last_q <= {last_q[LAST-1:1], x_last};
            pad_q <= {pad_q[LAST-1:1], x_pad};
            x_q <= x;
        end
    end
    wire [PE*SIMD-1:0] w;
    sf_rom #(.DEPTH(WORDS), .WIDTH(PE * SIMD), .BLOCK(BLOCK), .PIPELINED(BLOCK), .INIT_FILE(WEIGHT_FILE)) weights (
        .clk, .en(read), .addr(word_q), .data_q(w)
    );

    wire [PE*ACC_BITS-1:0] sums;
    for (genvar p = 0; p < PE; p++) begin : g_pe
        sf_mvau_pe #(
            .MW(SF * SIMD), .SIMD(SIMD), .WBITS(1), .ACC_BITS(ACC_BITS), .XBITS(1),
            .SIGNED(1'b0), .BIPOLAR(1'b1), .MASKED(PADDED), .REGISTERS(REGISTERS), .CONSTANT(WORDS == 1)
        ) pe (
            .clk, .en(adv), .x(x_q), .w(w[p*SIMD+:SIMD]),
            .valid(valid_q[LAST]), .first(first_q[LAST]), .counts(!PADDED || !pad_q[LAST]), .init('0),
            .sum(sums[p*ACC_BITS+:ACC_BITS])
        );
    end

    wire steps_ready, steps_ready_next;
    wire finish = valid_q[LAST] && last_q[LAST];
    if (FORESEEN) begin : g_foreseen
        // Whether the pipeline stands still reaches all of its registers: known a cycle ahead, it comes from one itself.
        logic adv_q;
        wire  finish_next = !adv_q || (valid_q[LAST-1] && last_q[LAST-1]);
        always_ff @(posedge clk) adv_q <= rst || !finish_next || steps_ready_next;
        assign adv = adv_q;
`ifndef SYNTHESIS
        foreseen: assert property (@(posedge clk) disable iff (rst) 1'b1 |=> adv == (!finish || steps_ready));
`endif
    end else begin : g_found
        assign adv = !finish || steps_ready;
        wire unused_next = steps_ready_next;
    end

    wire [LANES*TOTAL_BITS-1:0] totals;
    wire [ROW_BITS-1:0] row;
    wire totals_valid, totals_ready;
    sf_bitconv_totals #(
        .PE(PE), .LANES(LANES), .ROWS(MH / LANES), .ACC_BITS(ACC_BITS), .SUM_SCALE(SUM_SCALE), .SHORTCUT(SHORTCUT != 0),
        .SHORTCUT_BITS(SHORTCUT_BITS), .SHORTCUT_SIGNED(SHORTCUT_SIGNED), .SHORTCUT_SCALE(SHORTCUT_SCALE),
        .TOTAL_BITS(TOTAL_BITS), .SPACED(AFFINE || FORESEEN)
    ) waiting (
        .clk, .rst, .sums, .sums_valid(finish), .sums_ready(steps_ready), .sums_ready_next(steps_ready_next),
        .shortcut, .shortcut_valid, .shortcut_ready, .totals, .row, .totals_valid, .totals_ready
    );
    if (AFFINE) begin : g_affine
        sf_bitconv_affine #(
            .LANES(LANES), .ROWS(MH / LANES), .TOTAL_BITS(TOTAL_BITS), .OUT_BITS(OUT_BITS), .BIAS(BIAS), .PAIRED(PAIRED[1]),
            .LEVEL_BITS(STAGES), .FRACTION(FRACTION), .A_BITS(A_BITS), .D_BITS(D_BITS), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
        ) steps (
            .clk, .rst, .totals, .row, .totals_valid, .totals_ready, .out0_data, .out0_valid, .out0_ready,
            .rom_en, .rom_addr, .rom_data
        );
    end else begin : g_search
        sf_bitconv_steps #(
            .LANES(LANES), .ROWS(MH / LANES), .TOTAL_BITS(TOTAL_BITS), .OUT_BITS(OUT_BITS), .BIAS(BIAS), .PAIRED(PAIRED),
            .SPACED(SPACED), .STEPS(STEPS), .TABLE(TABLE), .ROM_ADDR(ROM_ADDR), .ROM_WORD(ROM_WORD)
        ) steps (
            .clk, .rst, .totals, .row, .totals_valid, .totals_ready, .out0_data, .out0_valid, .out0_ready,
            .rom_en, .rom_addr, .rom_data
        );
    end
endmodule

`default_nettype wire
