// Frames with a border of their own pixels: reflected at the edge, or the edge repeated.
//
// Function   output pixel (y, x) is input pixel (m(y - PT), m(x - PL)). With REFLECT m mirrors at the first and the last
//            pixel, which stand once: m(-1) = 1; else it is the nearest pixel.
// Packing    opaque words of WIDTH bits; FOLDS beats a pixel, raster order.
// Latency    2 cycles behind the rows that the first row of output reads.
// II         OH*OW*FOLDS cycles.
// Reset      clears the control; the rows need none.
// Storage    ROWS rows of W*FOLDS words: those that the first row of output waits for, those that the last ones still
//            read while the next frame's come, and one more.
// Area       (Yosys, xc7) 8 bits, 8 beats a pixel, 28 x 28 to 30 x 30: 80 LUT, 86 FF, 1 RAMB18.
`default_nettype none

module sf_border #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,            /// beats per pixel
    parameter bit REFLECT = 1'b1,
    parameter int H = 4, W = 4,         /// size of the input
    parameter int PT = 1, PL = 1,       /// rows above and columns left of it
    parameter int OH = 6, OW = 6,       /// size of the output
    parameter int RAM_STYLE = 0
) (
    input  wire              clk,
    input  wire              rst,         /// synchronous, active high
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,   /// depends on registers alone
    output logic [WIDTH-1:0] out0_data,   /// registered
    output logic             out0_valid,  /// registered
    input  wire              out0_ready
);
    localparam int FIRST = REFLECT ? PT : 0;                // source of the first row
    localparam int KEPT = REFLECT ? OH - H - PT + 1 : 1;    // rows that are read until the end of the frame
    localparam int ROWS = FIRST + KEPT + 1;
    localparam int ROW = W * FOLDS;
    localparam int WORDS = ROWS * ROW;
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int X_BITS = OW > 1 ? $clog2(OW) : 1;
    localparam int Y_BITS = OH > 1 ? $clog2(OH) : 1;
    localparam int ADDR = $clog2(WORDS);
    localparam int IN_BITS = ROW > 1 ? $clog2(ROW) : 1;
    localparam int LEVEL_BITS = $clog2(ROWS);

    if (REFLECT && (PT >= H || PL >= W || OH - H - PT >= H || OW - W - PL >= W)) begin : g_illegal
        $fatal(1, "border: H=%0d, W=%0d reflect fewer rows and columns than PT=%0d, PL=%0d, OH=%0d, OW=%0d ask for",
               H, W, PT, PL, OH, OW);
    end

    // An address some words on or back in the ring: whether it wraps is known before the sum.
    function automatic logic [ADDR-1:0] moved(input logic [ADDR-1:0] from, input int words);
        int wrapped = words < 0 ? words + WORDS : words - WORDS;
        return from + ADDR'(unsigned'((words < 0 ? int'(from) < -words : int'(from) >= -wrapped) ? wrapped : words));
    endfunction

    logic [ROWS-1:0] whole_q;                  // as many ones as rows are whole and kept, from the lowest bit on
    logic [LEVEL_BITS-1:0] wanted_q;           // the bit of the last one that the current row waits for
    logic [IN_BITS-1:0] in_q;
    logic [ADDR-1:0] write_q, row_q, at_q;     // of the source row's first word, and of the pixel's
    logic [FOLD_BITS-1:0] fold_q;
    logic [X_BITS-1:0] x_q;
    logic [Y_BITS-1:0] y_q;
    logic valid_q, room;

    wire write = in0_valid && in0_ready;
    wire row_in = write && in_q == IN_BITS'(ROW - 1);
    assign in0_ready = !whole_q[ROWS-1];

    wire advance = room || !valid_q;
    wire step = advance && whole_q[wanted_q];
    wire fold_last = fold_q == FOLD_BITS'(FOLDS - 1);
    wire x_last = x_q == X_BITS'(OW - 1);
    wire pixel_end = step && fold_last;
    wire row_end = step && fold_last && x_last;
    wire y_last = y_q == Y_BITS'(OH - 1);

    // As 32-bit integers, because a bound may lie outside the counter's range; synthesis narrows them.
    wire below = int'(y_q) >= PT && int'(y_q) < PT + H - 1;            // the next row's source is one further down
    wire right = int'(x_q) >= PL && int'(x_q) < PL + W - 1;
    wire frees = int'(y_q) >= PT && int'(y_q) < PT + H - KEPT;         // this row is not read again
    wire asks = int'(y_q) >= PT + FIRST && int'(y_q) < PT + H - 1;     // the next row waits for one more

    wire [ADDR-1:0] row_next = y_last ? moved(row_q, (KEPT + FIRST) * ROW)
                             : below ? moved(row_q, ROW) : moved(row_q, REFLECT ? -ROW : 0);
    wire [ROWS-1:0] whole = row_in ? {whole_q[ROWS-2:0], 1'b1} : whole_q;
    wire [ROWS-1:0] left = y_last ? whole >> KEPT : frees ? whole >> 1 : whole;

    logic [ADDR-1:0] next;  // source of the next row
    if (OW * FOLDS > 1) begin : g_ahead
        always_ff @(posedge clk) next <= row_next;  // long there when the row ends
    end else begin : g_at_once
        assign next = row_next;
    end

    always_ff @(posedge clk) begin
        if (rst) begin
            {in_q, write_q, fold_q, x_q, y_q, whole_q, valid_q} <= '0;
            wanted_q <= LEVEL_BITS'(FIRST);
            row_q    <= ADDR'(FIRST * ROW);
            at_q     <= moved(ADDR'(FIRST * ROW), REFLECT ? PL * FOLDS : 0);
        end else begin
            if (write) begin
                in_q    <= row_in ? '0 : in_q + 1'b1;
                write_q <= write_q == ADDR'(WORDS - 1) ? '0 : write_q + 1'b1;
            end
            whole_q <= row_end ? left : whole;
            if (advance) valid_q <= step;
            if (step) fold_q <= fold_last ? '0 : fold_q + 1'b1;
            if (pixel_end) begin
                x_q  <= x_last ? '0 : x_q + 1'b1;
                at_q <= x_last ? moved(next, REFLECT ? PL * FOLDS : 0)
                      : right ? moved(at_q, FOLDS) : moved(at_q, REFLECT ? -FOLDS : 0);
            end
            if (row_end) begin
                y_q      <= y_last ? '0 : y_q + 1'b1;
                row_q    <= next;
                wanted_q <= y_last ? LEVEL_BITS'(FIRST)
                          : wanted_q + LEVEL_BITS'(asks) - LEVEL_BITS'(frees);
            end
        end
    end

    logic [WIDTH-1:0] data_q;
    sf_ram #(.WIDTH(WIDTH), .WORDS(WORDS), .STYLE(RAM_STYLE)) rows (
        .clk, .write, .write_addr(write_q), .write_data(in0_data),
        .read(advance), .blank(1'b0), .read_addr(at_q + ADDR'(fold_q)), .data_q
    );
    sf_fifo #(.WIDTH(WIDTH), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(data_q), .in0_valid(valid_q), .in0_ready(room), .out0_data, .out0_valid, .out0_ready
    );

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
