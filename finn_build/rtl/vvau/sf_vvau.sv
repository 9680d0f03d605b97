// Depthwise convolution: each channel of an image with a kernel of its own.
//
// Function   in0: frames H x W x C in raster order; out0: OH x OW x C sums of products of KH x KW places. A padded place
//            adds nothing.
// Packing    PE adjacent channels a beat, channel 0 in the low bits; ABITS bits each in, ACC_BITS out.
// Structure  the window core in the order (fold, ky, kx), a place of PE channels a beat; weights beside it; an accumulator a
//            channel, in LUTs (sf_vvau_lane) or DSP slices, with SHIFT > 0 two channels to a slice (sf_vvau_slice).
// Memory     WEIGHT_FILE word fold * KH * KW + ky * KW + kx: the weights of PE channels, channel 0 lowest, one bit (1 is +1)
//            or WBITS in two's complement; with SHIFT > 0 pairs of channels as sf_vvau_slice says, an odd last one plain.
// Latency    2 cycles of the core and LAST + 1 from the last place of a window to its sums, LAST = 3 with DSP, else 1 for
//            weights of up to 2 bits, else 2.
// II         max(OH*OW*KH*KW*C/PE, H*W*C/PE).
// Reset      sets the control and the sums.
`default_nettype none

module sf_vvau #(
    parameter int PE = 8,
    parameter int ABITS = 4,
    parameter int WBITS = 4,
    parameter int ACC_BITS = 12,
    parameter bit SIGNED = 1'b0,    // elements are two's complement
    parameter bit BIPOLAR = 1'b0,   // elements are one bit, -1 or +1
    parameter bit NARROW = 1'b0,    // no weight is -2^(WBITS-1)
    parameter bit DSP = 1'b0,
    parameter int SHIFT = 0,        // distance of two channels in a slice, 0 for one channel each
    parameter int FOLDS = 1,        // C / PE
    parameter int H = 8, W = 8, KH = 3, KW = 3, SH = 1, SW = 1,  // image, kernel, stride: rows, columns
    parameter int DY = 1, DX = 1, PT = 1, PL = 1, OH = 8, OW = 8,  // dilation; places padded before it; windows
    parameter int DEPTH = 32,       // of the window core
    parameter int RAM_STYLE = 0,
    parameter bit BLOCK_WEIGHTS = 1'b0,
    parameter WEIGHT_FILE = "none.mem"
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire  [   PE*ABITS-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,   /// registered
    output logic [PE*ACC_BITS-1:0] out0_data,   /// registered
    output logic                   out0_valid,  /// registered
    input  wire                    out0_ready
);
    localparam int TAPS = KH * KW;
    localparam int WORDS = FOLDS * TAPS;
    localparam int WORD_BITS = WORDS > 1 ? $clog2(WORDS) : 1;
    localparam int XBITS = BIPOLAR || !SIGNED ? ABITS + 1 : ABITS;  // of an element as a signed factor
    localparam int LAST = DSP ? 3 : WBITS > 2 ? 2 : 1;  // the stage in which sums are complete; 1 stands beside its weights

    if (BIPOLAR && ABITS != 1) begin : g_illegal
        $fatal(1, "vvau: BIPOLAR elements have one bit, not ABITS=%0d", ABITS);
    end

    // Whether the pipeline moves reaches all of its registers: known a cycle ahead, it comes from one itself.
    logic [LAST:1] valid_q, last_q;
    logic adv_q;
    wire  adv = adv_q;
    wire  room;
    wire  finish = valid_q[LAST] && last_q[LAST];
    wire [PE*ABITS-1:0] elements;
    wire pad, x_last, x_valid;
    wire finish_next = !adv || (LAST > 1 ? valid_q[LAST-(LAST>1)] && last_q[LAST-(LAST>1)] : x_valid && x_last);
    wire room_next = TAPS > 1 ? (room ? !finish : out0_ready) : out0_ready || !out0_valid || (room && !finish);
    always_ff @(posedge clk) adv_q <= rst || !finish_next || room_next;

    // A padded bipolar place reads 1, so that the sign bit, its complement, is 0 there with no logic.
    sf_swg_core #(
        .WIDTH(PE * ABITS), .FOLDS(FOLDS), .H(H), .W(W), .KH(KH), .KW(KW), .SH(SH), .SW(SW), .DY(DY), .DX(DX),
        .PT(PT), .PL(PL), .OH(OH), .OW(OW), .DEPTH(DEPTH), .DEPTHWISE(1'b1), .RIGID(1'b1),
        .PAD({PE * ABITS{BIPOLAR}}), .RAM_STYLE(RAM_STYLE)
    ) core (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready,
        .out0_data(elements), .out0_pad(pad), .out0_last(x_last), .out0_valid(x_valid), .out0_ready(adv)
    );

    wire [PE*XBITS-1:0] decoded;
    for (genvar p = 0; p < PE; p++) begin : g_decode
        wire [ABITS-1:0] element = elements[p*ABITS+:ABITS];
        if (BIPOLAR) begin : g_bipolar
            assign decoded[p*XBITS+:XBITS] = {!element[0], !pad};
        end else if (SIGNED) begin : g_signed
            assign decoded[p*XBITS+:XBITS] = element;
        end else begin : g_unsigned
            assign decoded[p*XBITS+:XBITS] = {1'b0, element};
        end
    end
    wire unused_pad = pad;

    logic [PE*XBITS-1:0] x_q;
    logic [WORD_BITS-1:0] word_q;
    // Block RAM holds the next word ready in front of its output register; the first one from the reset on.
    logic primed_q;
    wire read = (adv && x_valid) || (BLOCK_WEIGHTS && !primed_q);
    always_ff @(posedge clk) begin
        if (rst) begin
            valid_q <= '0;
            word_q <= '0;
            primed_q <= 1'b0;
        end else begin
            primed_q <= 1'b1;
            if (adv) valid_q <= LAST'({valid_q, x_valid});
            if (read) word_q <= word_q == WORD_BITS'(WORDS - 1) ? '0 : word_q + 1'b1;
        end
        if (adv) begin
            last_q <= LAST'({last_q, x_last});
            x_q <= decoded;
        end
    end

    localparam int PAIRS = SHIFT > 0 ? PE / 2 : 0;
    localparam int PAIR_BITS = 2 * WBITS + (NARROW ? 0 : 1);
    localparam int WIDTH = PAIRS * PAIR_BITS + (PE - 2 * PAIRS) * WBITS;
    wire [WIDTH-1:0] w;
    sf_rom #(.DEPTH(WORDS), .WIDTH(WIDTH), .BLOCK(BLOCK_WEIGHTS), .PIPELINED(BLOCK_WEIGHTS), .INIT_FILE(WEIGHT_FILE)) weights (
        .clk, .en(read), .addr(word_q), .data_q(w)
    );

    wire [PE*ACC_BITS-1:0] sums;
    if (DSP) begin : g_slices
        logic first_q;  // the product that is added next is the first of its sums
        always_ff @(posedge clk) begin
            if (rst) first_q <= 1'b1;
            else if (adv && valid_q[2]) first_q <= last_q[2];
        end
        for (genvar s = 0; s < PE - PAIRS; s++) begin : g_slice
            localparam int CHANNELS = s < PAIRS ? 2 : 1;
            localparam int FIRST = s < PAIRS ? 2 * s : PAIRS + s;
            localparam int AT = s < PAIRS ? s * PAIR_BITS : PAIRS * PAIR_BITS + (s - PAIRS) * WBITS;
            sf_vvau_slice #(
                .CHANNELS(CHANNELS), .XBITS(XBITS), .WBITS(WBITS), .ACC_BITS(ACC_BITS), .POSITIVE(!SIGNED && !BIPOLAR),
                .NARROW(NARROW), .SHIFT(SHIFT)
            ) slice (
                .clk, .en(adv), .add(adv && valid_q[2]), .first(first_q), .x(x_q[FIRST*XBITS+:CHANNELS*XBITS]),
                .w(w[AT+:(CHANNELS == 2 ? PAIR_BITS : WBITS)]), .sums_q(sums[FIRST*ACC_BITS+:CHANNELS*ACC_BITS])
            );
        end
    end else begin : g_lanes
        wire add = adv && valid_q[LAST];
        wire clear = rst || (add && last_q[LAST]);
        for (genvar p = 0; p < PE; p++) begin : g_lane
            sf_vvau_lane #(.XBITS(XBITS), .WBITS(WBITS), .ACC_BITS(ACC_BITS)) lane (
                .clk, .en(adv), .add, .clear, .x(x_q[p*XBITS+:XBITS]), .w(w[p*WBITS+:WBITS]),
                .sum(sums[p*ACC_BITS+:ACC_BITS])
            );
        end
    end

    sf_fifo #(.WIDTH(PE * ACC_BITS), .DEPTH(TAPS > 1 ? 1 : 2)) results (
        .clk, .rst, .in0_data(sums), .in0_valid(finish), .in0_ready(room), .out0_data, .out0_valid, .out0_ready
    );

`ifndef SYNTHESIS
    foreseen: assert property (@(posedge clk) disable iff (rst) 1'b1 |=> adv == (!finish || room));
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
