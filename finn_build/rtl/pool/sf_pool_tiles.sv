// Walk of a tiled pool over its input: which word of the row of results a beat belongs to, and its part in the window.
//
// Function   per beat taken, in raster order: addr = column of windows * FOLDS + fold; `first` and `complete` mark the
//            first and the last pixel of a window. Pixels right of and below the last window are passed over.
// Latency    0: the outputs describe the beat taken next.
// II         1.
// Reset      to the first beat of a frame.
// Area       (Yosys, xc7) about 1.3 LUT and 1 FF per counter bit.
`default_nettype none

module sf_pool_tiles #(
    parameter int FOLDS = 1,
    parameter int H = 8,
    parameter int W = 8,
    parameter int KH = 2,
    parameter int KW = 2,
    parameter int OH = 4,
    parameter int OW = 4,
    parameter int ADDR = 2
) (
    input  wire             clk,
    input  wire             rst,       /// synchronous, active high
    input  wire             take,      /// the beat is taken in this cycle
    output wire             covered,   /// the beat lies in a window
    output wire             first,     /// first pixel of its window
    output wire             complete,  /// last pixel of its window
    output wire  [ADDR-1:0] addr,      /// word of the row of results
    output wire  [ADDR-1:0] addr_next, /// that of the beat after this one
    output wire             stays      /// which is the same, because a window's next pixel follows at once
);
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int KX_BITS = KW > 1 ? $clog2(KW) : 1;
    localparam int KY_BITS = KH > 1 ? $clog2(KH) : 1;
    localparam int X_BITS = W > 1 ? $clog2(W) : 1;
    localparam int Y_BITS = H > 1 ? $clog2(H) : 1;

    logic [FOLD_BITS-1:0] fold_q;
    logic [KX_BITS-1:0] kx_q;
    logic [KY_BITS-1:0] ky_q;
    logic [X_BITS-1:0] x_q;
    logic [Y_BITS-1:0] y_q;
    logic [ADDR-1:0] addr_q, plus_q, back_q;  // where the walk stands, and both words it may go on to

    // That a counter stands at its last value, or within the windows, is kept, not compared each time; and of the beat
    // whether it ends a window, on which `ready` depends.
    logic fold_last_q, x_last_q, y_last_q, x_covered_q, y_covered_q, covered_q, complete_q;
    wire kx_last = kx_q == KX_BITS'(KW - 1);
    wire ky_last = ky_q == KY_BITS'(KH - 1);
    wire row_end = fold_last_q && x_last_q;
    wire frame_end = row_end && y_last_q;
    wire back = fold_last_q && !kx_last;
    assign covered = covered_q;

    // Of the beat after this one.
    wire [KX_BITS-1:0] kx = !fold_last_q ? kx_q : row_end || kx_last ? '0 : kx_q + 1'b1;
    wire [KY_BITS-1:0] ky = !row_end ? ky_q : frame_end || ky_last ? '0 : ky_q + 1'b1;
    wire x_covered = fold_last_q ? row_end || (x_covered_q && x_q != X_BITS'(OW * KW - 1)) : x_covered_q;
    wire y_covered = row_end ? frame_end || (y_covered_q && y_q != Y_BITS'(OH * KH - 1)) : y_covered_q;

    assign first = kx_q == '0 && ky_q == '0;
    assign complete = complete_q;
    assign addr = addr_q;
    assign stays = FOLDS == 1 && !row_end && !kx_last;
    assign addr_next = row_end ? '0 : back ? back_q : plus_q;

    always_ff @(posedge clk) begin
        if (rst) begin
            {fold_q, kx_q, ky_q, x_q, y_q, addr_q} <= '0;
            plus_q <= ADDR'(1);
            back_q <= ADDR'(1 - FOLDS);
            {fold_last_q, x_last_q, y_last_q} <= {FOLDS == 1, W == 1, H == 1};
            {x_covered_q, y_covered_q, covered_q, complete_q} <= {3'b111, KW == 1 && KH == 1};
        end else if (take) begin
            fold_q <= fold_last_q ? '0 : fold_q + 1'b1;
            fold_last_q <= FOLDS == 1 || (!fold_last_q && fold_q == FOLD_BITS'(FOLDS - 2));
            addr_q <= addr_next;
            plus_q <= addr_next + ADDR'(1);
            back_q <= addr_next + ADDR'(1 - FOLDS);
            kx_q <= kx;
            ky_q <= ky;
            {x_covered_q, y_covered_q, covered_q} <= {x_covered, y_covered, x_covered && y_covered};
            complete_q <= kx == KX_BITS'(KW - 1) && ky == KY_BITS'(KH - 1) && x_covered && y_covered;
            if (fold_last_q) begin
                x_q  <= row_end ? '0 : x_q + 1'b1;
                x_last_q <= W == 1 || (!row_end && x_q == X_BITS'(W - 2));
            end
            if (row_end) begin
                y_q  <= frame_end ? '0 : y_q + 1'b1;
                y_last_q <= H == 1 || (!frame_end && y_q == Y_BITS'(H - 2));
            end
        end
    end
endmodule

`default_nettype wire
