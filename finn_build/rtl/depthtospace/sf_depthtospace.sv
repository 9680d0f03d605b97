// Channels to space: a pixel of S x S x C channels becomes a block of S x S pixels of C channels.
//
// Function   channel (by*S + bx)*C + c of input pixel (y, x) is channel c of output pixel (y*S + by, x*S + bx).
// Packing    WIDTH bits a beat, opaque; FOLDS beats for C channels, raster order.
// Latency    2 cycles.
// II         W*S*FOLDS*(2*S - 1) cycles a row of input: the block's first row passes while the others are stored, then
//            they follow.
// Reset      clears the control; the rows need none.
// Storage    (S-1)*S*W*FOLDS words.
// Area       (Yosys, xc7) 8 bits, 2 beats, rows of 28, S = 2: 49 LUT, 52 FF and the rows.
`default_nettype none

module sf_depthtospace #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,   /// beats per output pixel
    parameter int W = 8,       /// pixels per row of input
    parameter int S = 2,
    parameter int RAM_STYLE = 0
) (
    input  wire              clk,
    input  wire              rst,         /// synchronous, active high
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,   /// depends on registers alone
    output logic [WIDTH-1:0] out0_data,
    output logic             out0_valid,  /// registered
    input  wire              out0_ready
);
    localparam int RUN = S * FOLDS;         // beats of one row of the block
    localparam int ROW = W * RUN;           // words of one row of output
    localparam int WORDS = (S - 1) * ROW;
    localparam int RUN_BITS = RUN > 1 ? $clog2(RUN) : 1;
    localparam int BLOCK_BITS = $clog2(S);
    localparam int X_BITS = W > 1 ? $clog2(W) : 1;
    localparam int ADDR = WORDS > 1 ? $clog2(WORDS) : 1;

    if (S < 2) begin : g_illegal
        $fatal(1, "depthtospace: S=%0d must be at least 2", S);
    end

    logic [RUN_BITS-1:0] beat_q;
    logic [BLOCK_BITS-1:0] row_q;  // of the block
    logic [X_BITS-1:0] x_q;
    logic [ADDR-1:0] address_q;    // word of the beat, in the row that it belongs to
    logic draining_q;

    wire run_end = beat_q == RUN_BITS'(RUN - 1);
    wire row_last = row_q == BLOCK_BITS'(S - 1);
    wire x_last = x_q == X_BITS'(W - 1);
    wire drained = address_q == ADDR'(WORDS - 1);

    logic valid_q;
    logic room;
    wire  advance = room || !valid_q;
    wire  store = !draining_q && row_q != '0;
    wire  pass = !draining_q && row_q == '0;
    wire  take = in0_valid && in0_ready;

    assign in0_ready = store || (pass && advance);

    always_ff @(posedge clk) begin
        if (rst) begin
            beat_q     <= '0;
            row_q      <= '0;
            x_q        <= '0;
            address_q  <= '0;
            draining_q <= 1'b0;
        end else if (draining_q) begin
            if (advance) begin
                address_q  <= drained ? '0 : address_q + 1'b1;
                draining_q <= !drained;
            end
        end else if (take) begin
            beat_q <= run_end ? '0 : beat_q + 1'b1;
            if (run_end) row_q <= row_last ? '0 : row_q + 1'b1;
            if (run_end && row_last) x_q <= x_last ? '0 : x_q + 1'b1;
            draining_q <= run_end && row_last && x_last;
            // Pixel x of block row b lies at (b - 1)*ROW + x*RUN: on to the next row, or back to the next pixel.
            if (store) begin
                if (!run_end) address_q <= address_q + 1'b1;
                else if (!row_last) address_q <= address_q + ADDR'(ROW - RUN + 1);
                else if (x_last) address_q <= '0;
                else address_q <= address_q - ADDR'((S - 2) * ROW - 1);
            end
        end
        if (rst) valid_q <= 1'b0;
        else if (advance) valid_q <= draining_q || (pass && in0_valid);
    end

    wire  [WIDTH-1:0] stored_q;
    logic [WIDTH-1:0] passed_q;
    logic drained_q;

    always_ff @(posedge clk) begin
        if (advance) begin
            passed_q  <= in0_data;
            drained_q <= draining_q;
        end
    end
    sf_ram #(.WIDTH(WIDTH), .WORDS(WORDS), .STYLE(RAM_STYLE)) words (
        .clk, .write(store && take), .write_addr(address_q), .write_data(in0_data),
        .read(advance), .blank(1'b0), .read_addr(address_q), .data_q(stored_q)
    );

    sf_fifo #(.WIDTH(WIDTH), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(drained_q ? stored_q : passed_q), .in0_valid(valid_q), .in0_ready(room),
        .out0_data, .out0_valid, .out0_ready
    );

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
