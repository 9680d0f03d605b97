// Sliding window of a convolution (im2col).
//
// Function   in0: frames H x W x C in raster order; out0: for each of OH x OW windows its KH*KW*C elements.
//            A padded place is 0; bipolar elements have no 0, so TERNARY sends them as -1, 0, +1.
// Order      windows in raster order; within one (ky, kx, c).
// Packing    SIMD adjacent channels a beat, channel 0 in the low bits; BITS bits each, 2 bits each out with TERNARY.
// Latency    2 cycles from the input beat that completes a word to the output beat that holds it.
// II         max(OH*OW*KH*KW*C/SIMD, H*W*C/SIMD).
// Reset      sets the control; the buffer needs none.
// Area       (Yosys, xc7) 3x3 padded over 32x32, 24 lanes of 24 bipolar channels: 149 LUT (48 of them LUTRAM), 74 FF;
//            over 200x200, 4 lanes of 16 channels of 4 bits: 82 LUT, 73 FF, 2 RAMB18.
`default_nettype none

module sf_swg #(
    parameter int SIMD = 8,
    parameter int BITS = 1,
    parameter bit TERNARY = 1'b0,
    parameter int FOLDS = 1,        // C / SIMD
    parameter int H = 8, W = 8, KH = 3, KW = 3, SH = 1, SW = 1,  // image, kernel, stride: rows, columns
    parameter int DY = 1, DX = 1, PT = 1, PL = 1, OH = 8, OW = 8,  // dilation; places padded before it; windows
    parameter int DEPTH = 32,
    parameter int RAM_STYLE = 0,
    localparam int OUT_BITS = TERNARY ? 2 : BITS
) (
    input  wire                      clk,
    input  wire                      rst,         /// synchronous, active high
    input  wire  [    SIMD*BITS-1:0] in0_data,
    input  wire                      in0_valid,
    output logic                     in0_ready,   /// registered
    output logic [SIMD*OUT_BITS-1:0] out0_data,   /// registered; with TERNARY an inverter follows
    output logic                     out0_valid,  /// registered
    input  wire                      out0_ready
);
    if (TERNARY && BITS != 1) begin : g_illegal
        $fatal(1, "swg: TERNARY needs bipolar elements, BITS=1, not BITS=%0d", BITS);
    end

    logic [SIMD*BITS-1:0] data;
    logic pad, unused_last;

    // A padded bipolar place reads 1, so that the sign bit, its complement, is 0 there with no logic.
    sf_swg_core #(
        .WIDTH(SIMD * BITS), .FOLDS(FOLDS), .H(H), .W(W), .KH(KH), .KW(KW), .SH(SH), .SW(SW),
        .DY(DY), .DX(DX), .PT(PT), .PL(PL), .OH(OH), .OW(OW), .DEPTH(DEPTH), .PAD({SIMD * BITS{TERNARY}}), .RAM_STYLE(RAM_STYLE)
    ) core (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready,
        .out0_data(data), .out0_pad(pad), .out0_last(unused_last), .out0_valid, .out0_ready
    );

    if (TERNARY) begin : g_ternary
        for (genvar i = 0; i < SIMD; i++) begin : g_lane
            assign out0_data[2*i+:2] = {!data[i], !pad};
        end
    end else begin : g_plain
        assign out0_data = data;
        wire unused_pad = pad;
    end
endmodule

`default_nettype wire
