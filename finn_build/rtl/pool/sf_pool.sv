// Pool: maximum or sum of each channel over windows.
//
// Function   in0: frames H x W x C in raster order; out0: OH x OW x C. Padded places are ignored by the maximum and
//            add 0 to the sum.
// Packing    PE adjacent channels a beat, channel 0 in the low bits; BITS bits each in, OUT_BITS out.
// Structure  TILED (stride = kernel, no padding): one row of results so far in LUTRAM (one register where the row
//            is one word), updated by each beat as it comes, read a beat ahead. Else: the window core in the order (fold, ky, kx), and one
//            register of results so far.
// Latency    TILED: 1 cycle from the last beat of a window to its result; else 3.
// II         max(OH*OW*KH*KW*C/PE, H*W*C/PE).
// Reset      sets the control; results need none.
// Area       (Yosys, xc7) 2x2 maximum over 32x32: 32 bipolar lanes 72 LUT, 53 FF; 32 lanes of 4 bits 386 LUT, 149 FF.
//            3x3 stride 2 padded over 32x32, 8 lanes of 32 channels of 4 bits: 97 LUT, 96 FF, 1 RAMB18.
`default_nettype none

module sf_pool #(
    parameter int PE = 8,
    parameter int BITS = 1,
    parameter int OUT_BITS = 1,
    parameter bit SUM = 1'b0,       // else maximum
    parameter bit SIGNED = 1'b0,    // elements are two's complement
    parameter bit BIPOLAR = 1'b0,   // elements are one bit, -1 or +1
    parameter bit TILED = 1'b1,
    parameter int FOLDS = 1,        // C / PE
    parameter int H = 8, W = 8, KH = 2, KW = 2, SH = 2, SW = 2,  // image, kernel, stride: rows, columns
    parameter int DY = 1, DX = 1, PT = 0, PL = 0, OH = 4, OW = 4,  // dilation; places padded before it; windows
    parameter int DEPTH = 32,       // of the window core
    parameter int RAM_STYLE = 0
) (
    input  wire                    clk,
    input  wire                    rst,         /// synchronous, active high
    input  wire  [    PE*BITS-1:0] in0_data,
    input  wire                    in0_valid,
    output logic                   in0_ready,   /// depends on registers alone
    output logic [PE*OUT_BITS-1:0] out0_data,   /// registered
    output logic                   out0_valid,  /// registered
    input  wire                    out0_ready
);
    // Results with a cycle between them need one place, else two.
    localparam bit SPACED = TILED ? FOLDS == 1 && KW > 1 : KH * KW > 1;
    logic [PE*OUT_BITS-1:0] total, result;
    logic [PE*BITS-1:0] elements;
    logic pad, first, complete, take, room;

    for (genvar p = 0; p < PE; p++) begin : g_lane
        sf_pool_lane #(
            .BITS(BITS), .OUT_BITS(OUT_BITS), .SUM(SUM), .SIGNED(SIGNED), .BIPOLAR(BIPOLAR)
        ) lane (
            .element(elements[p*BITS+:BITS]), .pad, .first,
            .total(total[p*OUT_BITS+:OUT_BITS]), .result(result[p*OUT_BITS+:OUT_BITS])
        );
    end

    sf_fifo #(.WIDTH(PE * OUT_BITS), .DEPTH(SPACED ? 1 : 2)) results (
        .clk, .rst, .in0_data(result), .in0_valid(take && complete), .in0_ready(room), .out0_data, .out0_valid, .out0_ready
    );

    if (TILED) begin : g_tiled
        localparam int ROW_WORDS = OW * FOLDS;
        localparam int ADDR = ROW_WORDS > 1 ? $clog2(ROW_WORDS) : 1;
        logic [ADDR-1:0] addr, addr_next;
        logic covered, stays;

        // A beat that completes no window never waits for the output.
        assign in0_ready = room || !complete;
        assign elements = in0_data;
        assign pad      = 1'b0;
        assign take     = in0_valid && in0_ready;

        if (ROW_WORDS == 1) begin : g_word
            logic [PE*OUT_BITS-1:0] total_q;
            assign total = total_q;
            always_ff @(posedge clk) if (take && covered) total_q <= result;
            wire unused_addr = &{1'b0, addr, addr_next, stays};
        end else begin : g_row
            (* ram_style = "distributed" *)
            logic [PE*OUT_BITS-1:0] totals_q[ROW_WORDS];
            logic [PE*OUT_BITS-1:0] total_q;  // read a beat ahead: no path holds both memory and comparison
            assign total = total_q;
            always_ff @(posedge clk) begin
                if (take && covered) totals_q[addr] <= result;
                if (take) total_q <= stays ? result : totals_q[addr_next];
            end
        end

        sf_pool_tiles #(
            .FOLDS(FOLDS), .H(H), .W(W), .KH(KH), .KW(KW), .OH(OH), .OW(OW), .ADDR(ADDR)
        ) tiles (.clk, .rst, .take, .covered, .first, .complete, .addr, .addr_next, .stays);

        if (SH != KH || SW != KW || PT != 0 || PL != 0 || (DY != 1 && KH != 1) || (DX != 1 && KW != 1)) begin : g_illegal
            $fatal(1, "pool: TILED needs stride %0d,%0d = kernel %0d,%0d, no padding and no dilation", SH, SW, KH, KW);
        end
        wire unused_core = &{1'b0, DEPTH[0], RAM_STYLE[0]};
    end else begin : g_windowed
        localparam bit LEAST = SIGNED && !SUM;
        logic [PE*OUT_BITS-1:0] total_q;
        logic valid, first_q;
        wire  ready = room || !complete;
        assign first = first_q;
        assign total = total_q;
        assign take  = valid && ready;
        always_ff @(posedge clk) begin
            if (take) total_q <= result;
            if (rst) first_q <= 1'b1;
            else if (take) first_q <= complete;
        end

        sf_swg_core #(
            .WIDTH(PE * BITS), .FOLDS(FOLDS), .H(H), .W(W), .KH(KH), .KW(KW), .SH(SH), .SW(SW),
            .DY(DY), .DX(DX), .PT(PT), .PL(PL), .OH(OH), .OW(OW), .DEPTH(DEPTH), .DEPTHWISE(1'b1), .PAD({PE{BITS'(LEAST) << (BITS - 1)}}),
            .RAM_STYLE(RAM_STYLE)
        ) core (
            .clk, .rst, .in0_data, .in0_valid, .in0_ready,
            .out0_data(elements), .out0_pad(pad), .out0_last(complete), .out0_valid(valid), .out0_ready(ready)
        );
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
