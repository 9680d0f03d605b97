// Sliding window of a convolution (im2col), a whole window a beat.
//
// Function   in0: frames H x W x C in raster order, a pixel a beat; out0: OH x OW windows, KH*KW*C elements a beat.
//            Padded places are 0.
// Order      windows in raster order; within one (ky, kx, c), as swg sends them beat by beat.
// Packing    C elements of BITS bits a pixel, channel 0 in the low bits.
// Structure  sf_wideswg_columns makes columns of pixels, of which KH count; a FIFO lets it run ahead of
//            sf_wideswg_windows, which puts them side by side. While a frame's first rows come in there are no columns: DEPTH bridges that.
// Latency    4 cycles from the pixel that completes a window to the beat that holds it.
// II         max(ROWS*W, OH*((OW-1)*max(K,SW) + max(K,KW-PL))) cycles a frame for a reader that takes a window every K
//            cycles, with the DEPTH of dataflow/ops/wideswg.py. ROWS is H, or more by the rows of zeros that the last windows
//            reach below the image.
// Reset      sets the control; the memories need none.
// Area       (Yosys, xc7) 9x9 stride 2 padded over 224x224 of 8 bits, for a reader of 6 cycles: 71 LUT, 726 FF (648 of
//            them the window), 4 RAMB18; 5x5 padded over 32x32: 133 LUT, 329 FF.
`default_nettype none

module sf_wideswg #(
    parameter int C = 1,
    parameter int BITS = 8,
    parameter int H = 8, W = 8, KH = 3, KW = 3, SH = 1, SW = 1,  // image, kernel, stride: rows, columns
    parameter int DY = 1, DX = 1, PT = 1, PL = 1, OH = 8, OW = 8,  // dilation; places padded before it; windows
    parameter int DEPTH = 16,       // columns between the two halves
    parameter int RAM_STYLE = 0,      // of the rows
    parameter int FIFO_STYLE = 0      // of the columns
) (
    input  wire                       clk,
    input  wire                       rst,         /// synchronous, active high
    input  wire  [        C*BITS-1:0] in0_data,
    input  wire                       in0_valid,
    output logic                      in0_ready,
    output logic [KH*KW*C*BITS-1:0]   out0_data,   /// registered
    output logic                      out0_valid,  /// registered
    input  wire                       out0_ready
);
    localparam int WIDTH = C * BITS;
    localparam int RH = (KH - 1) * DY + 1;  // rows and columns that a window reaches over
    localparam int RW = (KW - 1) * DX + 1;
    localparam int REACH_Y = (OH - 1) * SH + RH - PT;  // rows of the image, and below it, that windows cover
    localparam int REACH_X = (OW - 1) * SW + RW - PL;
    localparam int ROWS = REACH_Y > H ? REACH_Y : H;
    localparam int COLUMNS = REACH_X < W ? REACH_X : W;

    if (PT >= RH || PL >= RW) begin : g_illegal
        $fatal(1, "wideswg: padding PT=%0d, PL=%0d must be smaller than the kernel KH=%0d, KW=%0d", PT, PL, KH, KW);
    end

    wire [RH*WIDTH-1:0] rows;
    wire [KH*WIDTH-1:0] column, waiting;
    logic column_valid, column_ready, waiting_valid, waiting_ready;

    sf_wideswg_columns #(
        .WIDTH(WIDTH), .H(H), .W(W), .KH(RH), .SH(SH), .PT(PT), .ROWS(ROWS), .COLUMNS(COLUMNS), .RAM_STYLE(RAM_STYLE)
    ) columns (
        .clk, .rst, .in0_data, .in0_valid, .in0_ready,
        .out0_data(rows), .out0_valid(column_valid), .out0_ready(column_ready)
    );
    for (genvar ky = 0; ky < KH; ky++) begin : g_row
        assign column[ky*WIDTH+:WIDTH] = rows[ky*DY*WIDTH+:WIDTH];
    end
    wire unused = &{1'b0, rows};  // those between the places of the kernel
    sf_fifo #(.WIDTH(KH * WIDTH), .DEPTH(DEPTH), .RAM_STYLE(FIFO_STYLE)) ahead (
        .clk, .rst, .in0_data(column), .in0_valid(column_valid), .in0_ready(column_ready),
        .out0_data(waiting), .out0_valid(waiting_valid), .out0_ready(waiting_ready)
    );
    sf_wideswg_windows #(
        .WIDTH(WIDTH), .KH(KH), .KW(KW), .SW(SW), .DX(DX), .PL(PL), .OW(OW), .COLUMNS(COLUMNS)
    ) windows (
        .clk, .rst, .in0_data(waiting), .in0_valid(waiting_valid), .in0_ready(waiting_ready),
        .out0_data, .out0_valid, .out0_ready
    );
endmodule

`default_nettype wire
