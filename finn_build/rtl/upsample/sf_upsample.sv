// Every pixel to a block of SY x SX pixels: repeated (nearest neighbour), or followed by zeros.
//
// Function   output pixel (y, x) is input pixel (y / SY, x / SX); with ZEROS only where SY divides y and SX divides x,
//            else 0, which turns a transposed convolution into a convolution.
// Packing    LANES elements of BITS bits a beat; FOLDS beats a pixel, raster order. With TERNARY, bipolar elements go out
//            as two bits: 01 is +1, 11 is -1, 00 a zero.
// Latency    2 cycles.
// II         W*SX*SY*FOLDS cycles a row of input; it takes input only in the first of the SY rows.
// Reset      clears the control; the row needs none.
// Storage    one row of W*FOLDS words (one pixel where SY = 1), none with ZEROS.
// Area       (Yosys, xc7) 8 bits, 2 beats a pixel, rows of 28, 2 x 2: 32 LUT, 50 FF and the row.
`default_nettype none

module sf_upsample #(
    parameter int LANES = 1,
    parameter int BITS  = 8,
    parameter int FOLDS = 1,   /// beats per pixel
    parameter int W = 8,       /// pixels per row of input
    parameter int SY = 2,
    parameter int SX = 2,
    parameter bit ZEROS = 1'b0,
    parameter bit TERNARY = 1'b0,
    parameter int RAM_STYLE = 0
) (
    input  wire              clk,
    input  wire              rst,         /// synchronous, active high
    input  wire  [LANES*BITS-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,   /// depends on registers alone
    output logic [LANES*(TERNARY ? 2 : BITS)-1:0] out0_data,
    output logic             out0_valid,  /// registered
    input  wire              out0_ready
);
    localparam int WIDTH = LANES * BITS;
    localparam int OUT_WIDTH = LANES * (TERNARY ? 2 : BITS);
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int X_BITS = W > 1 ? $clog2(W) : 1;
    localparam int SX_BITS = SX > 1 ? $clog2(SX) : 1;
    localparam int SY_BITS = SY > 1 ? $clog2(SY) : 1;

    if (TERNARY && !(ZEROS && BITS == 1)) begin : g_illegal
        $fatal(1, "upsample: TERNARY needs ZEROS and BITS=1, not BITS=%0d", BITS);
    end

    logic [FOLD_BITS-1:0] fold_q;
    logic [SX_BITS-1:0] column_q;  // of the block
    logic [X_BITS-1:0] x_q;
    logic [SY_BITS-1:0] row_q;     // of the block

    wire fold_last = fold_q == FOLD_BITS'(FOLDS - 1);
    wire column_last = column_q == SX_BITS'(SX - 1);
    wire x_last = x_q == X_BITS'(W - 1);
    wire pixel_end = fold_last && column_last;

    logic valid_q;
    logic [OUT_WIDTH-1:0] data;
    logic room;
    wire  advance = room || !valid_q;
    wire  fresh = column_q == '0 && row_q == '0;
    wire  step = advance && (in0_valid || !fresh);

    assign in0_ready = advance && fresh;

    always_ff @(posedge clk) begin
        if (rst) begin
            fold_q   <= '0;
            column_q <= '0;
            x_q      <= '0;
            row_q    <= '0;
        end else if (step) begin
            fold_q <= fold_last ? '0 : fold_q + 1'b1;
            if (fold_last) column_q <= column_last ? '0 : column_q + 1'b1;
            if (pixel_end) x_q <= x_last ? '0 : x_q + 1'b1;
            if (pixel_end && x_last) row_q <= row_q == SY_BITS'(SY - 1) ? '0 : row_q + 1'b1;
        end
        if (rst) valid_q <= 1'b0;
        else if (advance) valid_q <= step;
    end
    sf_fifo #(.WIDTH(OUT_WIDTH), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(data), .in0_valid(valid_q), .in0_ready(room), .out0_data, .out0_valid, .out0_ready
    );

    if (ZEROS) begin : g_zeros
        wire [OUT_WIDTH-1:0] spread;
        logic [OUT_WIDTH-1:0] data_q;
        if (TERNARY) begin : g_ternary
            for (genvar l = 0; l < LANES; l++) begin : g_lane
                assign spread[2*l+:2] = {!in0_data[l], 1'b1};
            end
        end else begin : g_integer
            assign spread = in0_data;
        end
        always_ff @(posedge clk) if (advance) data_q <= fresh ? spread : '0;
        assign data = data_q;
    end else begin : g_repeat
        localparam int WORDS = SY > 1 ? W * FOLDS : FOLDS;
        localparam int ADDR = WORDS > 1 ? $clog2(WORDS) : 1;
        wire  [WIDTH-1:0] kept_q;
        logic [WIDTH-1:0] fresh_data_q;
        logic [ADDR-1:0] first_q;  // word of the pixel's first beat
        logic fresh_q;
        wire [ADDR-1:0] address = first_q + ADDR'(fold_q);

        always_ff @(posedge clk) begin
            if (advance) begin
                fresh_data_q <= in0_data;
                fresh_q      <= fresh;
            end
            if (rst) first_q <= '0;
            else if (step && pixel_end && SY > 1) first_q <= x_last ? '0 : first_q + ADDR'(FOLDS);
        end
        sf_ram #(.WIDTH(WIDTH), .WORDS(WORDS), .STYLE(RAM_STYLE)) words (
            .clk, .write(step && fresh), .write_addr(address), .write_data(in0_data),
            .read(advance), .blank(1'b0), .read_addr(address), .data_q(kept_q)
        );
        assign data = fresh_q ? fresh_data_q : kept_q;
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
