// The walk of a sliding window over its places: what the core needs to know of the place read next.
//
// Order      windows in raster order, REPEAT passes over each; within one (ky, kx, fold), or with DEPTHWISE (fold, ky, kx).
// Timing     the counters are a place ahead of the outputs, which are registers: neither waits for the other's carries.
// Latency    0: the outputs describe the place read next, from the cycle of the reset on.
// II         1.
// Reset      to the first place of a frame.
`default_nettype none

module sf_swg_walk #(
    parameter int FOLDS = 1,
    parameter int H = 8, W = 8, KH = 3, KW = 3, SH = 1, SW = 1,  // image, kernel, stride: rows, columns
    parameter int DY = 1, DX = 1, PT = 1, PL = 1, OH = 8, OW = 8,  // dilation; places padded before it; windows
    parameter int DEPTH = 32,
    parameter bit DEPTHWISE = 1'b0,
    parameter int REPEAT = 1,
    parameter int MARGIN = 8,
    parameter int ADDR = 5
) (
    input  wire                      clk,
    input  wire                      rst,        /// synchronous, active high
    input  wire                      step,       /// the place is read in this cycle
    output logic                     pad,        /// it is padding
    output logic                     last,       /// it is the last of a pass, or of a fold with DEPTHWISE
    output logic [MARGIN-1:0]        back,       /// position of this place less that of the next, two's complement
    output logic [MARGIN-1:0]        released,   /// words that no later window reads, less 1, two's complement
    output logic [ADDR-1:0]          ring,       /// distance to the next place in the ring
    output logic [ADDR:0]            ring_back   /// the same, less DEPTH, two's complement
);
    // How far a window's first place moves to that of the next window, row of windows, frame.
    localparam int ROW = W * FOLDS;
    localparam int SPAN = (KH - 1) * DY * ROW + ((KW - 1) * DX + 1) * FOLDS - 1;  // first to last place of a window
    localparam int WINDOW = SW * FOLDS;
    localparam int WINDOWS = SH * ROW - (OW - 1) * SW * FOLDS;
    localparam int FRAME = H * ROW - (OH - 1) * SH * ROW - (OW - 1) * SW * FOLDS;
    // Distances between places that follow one another: in a pixel, in a row of the window, to its next row, from its end.
    localparam int TO_FOLD = 1;
    localparam int TO_KX = DEPTHWISE ? DX * FOLDS : (DX - 1) * FOLDS + 1;
    localparam int TO_KY = DY * ROW - (KW - 1) * DX * FOLDS - (DEPTHWISE ? 0 : FOLDS - 1);
    localparam int TO_TILE = DEPTHWISE ? FOLDS - SPAN : -SPAN;  // next fold, or next pass
    localparam int TO_WINDOW = WINDOW - SPAN;
    localparam int TO_ROW = WINDOWS - SPAN;
    localparam int TO_FRAME = FRAME - SPAN;

    localparam int X_LAST = (OW - 1) * SW + (KW - 1) * DX;
    localparam int Y_LAST = (OH - 1) * SH + (KH - 1) * DY;
    // A window's last place has the x, or the y, of the place before: its comparison has a step of its own.
    localparam bit X_STAYS = !DEPTHWISE && FOLDS > 1;
    localparam bit Y_STAYS = KW > 1 || X_STAYS;
    localparam bit PADDED = PT > 0 || PL > 0 || X_LAST >= W || Y_LAST >= H;
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int KX_BITS = KW > 1 ? $clog2(KW) : 1;
    localparam int KY_BITS = KH > 1 ? $clog2(KH) : 1;
    localparam int PASS_BITS = REPEAT > 1 ? $clog2(REPEAT) : 1;
    localparam int X_BITS = X_LAST > 0 ? $clog2(X_LAST + 1) : 1;
    localparam int Y_BITS = Y_LAST > 0 ? $clog2(Y_LAST + 1) : 1;

    // x and y count from the padded border. That a counter stands at its last value is kept, not compared each time.
    typedef struct packed {
        logic [FOLD_BITS-1:0] fold;
        logic [KX_BITS-1:0]   kx;
        logic [KY_BITS-1:0]   ky;
        logic [PASS_BITS-1:0] pass;
        logic [X_BITS-1:0]    x;
        logic [Y_BITS-1:0]    y;
        logic                 fold_last, kx_last, ky_last, pass_last, x_last, y_last;
    } place_t;

    // What ends with a place.
    typedef struct packed {
        logic fold, column, row, tile, pass, window, windows, frame;
    } ends_t;

    function automatic ends_t ends_of(input place_t place);
        ends_t ends;
        ends.fold = FOLDS == 1 || place.fold_last;
        ends.column = DEPTHWISE || ends.fold;
        ends.row = ends.column && (KW == 1 || place.kx_last);
        ends.tile = ends.row && (KH == 1 || place.ky_last);
        ends.pass = ends.tile && ends.fold;
        ends.window = ends.pass && (REPEAT == 1 || place.pass_last);
        ends.windows = ends.window && (X_LAST == 0 || (X_STAYS ? place.x_last : place.x == X_BITS'(X_LAST)));
        ends.frame = ends.windows && (Y_LAST == 0 || (Y_STAYS ? place.y_last : place.y == Y_BITS'(Y_LAST)));
        return ends;
    endfunction

    function automatic place_t first_place();
        place_t place = '0;
        place.fold_last = FOLDS == 1;
        place.kx_last = KW == 1;
        place.ky_last = KH == 1;
        place.pass_last = REPEAT == 1;
        return place;
    endfunction

    function automatic place_t after(input place_t place);
        ends_t ends = ends_of(place);
        place_t next = place;
        next.x_last = place.x == X_BITS'(X_LAST);
        next.y_last = place.y == Y_BITS'(Y_LAST);
        if (DEPTHWISE ? ends.tile : 1'b1) begin
            next.fold = FOLDS == 1 || ends.fold ? '0 : place.fold + 1'b1;
            next.fold_last = FOLDS == 1 || (!ends.fold && place.fold == FOLD_BITS'(FOLDS - 2));
        end
        if (ends.column) begin
            next.kx = KW == 1 || ends.row ? '0 : place.kx + 1'b1;
            next.kx_last = KW == 1 || (!ends.row && place.kx == KX_BITS'(KW - 2));
            if (X_LAST == 0 || ends.windows) next.x = '0;
            else if (ends.window) next.x = place.x + X_BITS'(SW - (KW - 1) * DX);
            else if (ends.row) next.x = place.x - X_BITS'((KW - 1) * DX);
            else next.x = place.x + X_BITS'(DX);
        end
        if (ends.row) begin
            next.ky = KH == 1 || ends.tile ? '0 : place.ky + 1'b1;
            next.ky_last = KH == 1 || (!ends.tile && place.ky == KY_BITS'(KH - 2));
            if (Y_LAST == 0 || ends.frame) next.y = '0;
            else if (ends.windows) next.y = place.y + Y_BITS'(SH - (KH - 1) * DY);
            else if (ends.tile) next.y = place.y - Y_BITS'((KH - 1) * DY);
            else next.y = place.y + Y_BITS'(DY);
        end
        if (ends.pass) begin
            next.pass = REPEAT == 1 || ends.window ? '0 : place.pass + 1'b1;
            next.pass_last = REPEAT == 1 || (!ends.window && place.pass == PASS_BITS'(REPEAT - 2));
        end
        return next;
    endfunction

    // One of seven constants, by what ends with a place.
    function automatic int choice(
        input ends_t ends, input int frame, input int windows, input int window, input int tile, input int row, input int column, input int none
    );
        if (ends.frame) return frame;
        if (ends.windows) return windows;
        if (ends.window) return window;
        if (ends.tile) return tile;
        if (ends.row) return row;
        if (ends.column) return column;
        return none;
    endfunction

    function automatic int modulo(input int distance);
        return (distance % DEPTH + DEPTH) % DEPTH;
    endfunction

    function automatic logic [MARGIN-1:0] back_of(input ends_t ends);
        return MARGIN'(unsigned'(choice(ends, -TO_FRAME, -TO_ROW, -TO_WINDOW, -TO_TILE, -TO_KY, -TO_KX, -TO_FOLD)));
    endfunction
    function automatic logic [MARGIN-1:0] released_of(input ends_t ends);
        return MARGIN'(unsigned'(choice(ends, FRAME - 1, WINDOWS - 1, WINDOW - 1, -1, -1, -1, -1)));
    endfunction
    function automatic logic [ADDR-1:0] ring_of(input ends_t ends);
        return ADDR'(unsigned'(choice(ends, modulo(TO_FRAME), modulo(TO_ROW), modulo(TO_WINDOW), modulo(TO_TILE), modulo(TO_KY), modulo(TO_KX), modulo(TO_FOLD))));
    endfunction
    function automatic logic [ADDR:0] ring_back_of(input ends_t ends);
        return (ADDR+1)'(unsigned'(choice(ends, modulo(TO_FRAME) - DEPTH, modulo(TO_ROW) - DEPTH, modulo(TO_WINDOW) - DEPTH, modulo(TO_TILE) - DEPTH, modulo(TO_KY) - DEPTH, modulo(TO_KX) - DEPTH, modulo(TO_FOLD) - DEPTH)));
    endfunction

    // As 32-bit integers, because a bound may lie outside the counter's range; synthesis narrows them.
    function automatic logic pad_of(input place_t place);
        return PADDED && (int'(place.x) < PL || int'(place.x) >= PL + W || int'(place.y) < PT || int'(place.y) >= PT + H);
    endfunction

    localparam place_t FIRST = first_place();
    localparam ends_t FIRST_ENDS = ends_of(FIRST);
    place_t place_q;  // after the one that the outputs describe
    wire ends_t ends_now = ends_of(place_q);

    always_ff @(posedge clk) begin
        if (rst) begin
            place_q   <= after(FIRST);
            pad       <= pad_of(FIRST);
            last      <= DEPTHWISE ? FIRST_ENDS.tile : FIRST_ENDS.pass;
            back      <= back_of(FIRST_ENDS);
            released  <= released_of(FIRST_ENDS);
            ring      <= ring_of(FIRST_ENDS);
            ring_back <= ring_back_of(FIRST_ENDS);
        end else if (step) begin
            place_q   <= after(place_q);
            pad       <= pad_of(place_q);
            last      <= DEPTHWISE ? ends_now.tile : ends_now.pass;
            back      <= back_of(ends_now);
            released  <= released_of(ends_now);
            ring      <= ring_of(ends_now);
            ring_back <= ring_back_of(ends_now);
        end
    end
endmodule

`default_nettype wire
