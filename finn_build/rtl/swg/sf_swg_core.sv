// Sliding window: the shared core of swg and pool.
//
// Function   reads frames of H x W pixels, each FOLDS beats, in raster order from in0; sends for each of OH x OW
//            windows the KH x KW pixels under it, REPEAT times. Padding is made by counters, never stored: a padded
//            beat reads PAD and sets out0_pad.
// Order      windows in raster order; within one (ky, kx, fold), or with DEPTHWISE (fold, ky, kx).
// Packing    WIDTH bits a beat, opaque.
// Latency    2 cycles from the input beat that completes a word to the output beat that holds it.
// II         max(OH*OW*KH*KW*FOLDS*REPEAT, H*W*FOLDS) cycles a frame, with no bubble, for the DEPTH of dataflow/ops/swg.py.
// Reset      sets the control; the buffer needs none.
// Area       (Yosys, xc7) 60 to 100 LUT and 50 to 60 FF around the buffer; see sf_swg.sv.
//
// The buffer is a ring of DEPTH words. Positions count words in raster order through all frames; a padded place
// has the (virtual) position that the same step would reach in an unpadded frame, so that one addition per step
// moves the read address. Two signed margins replace all comparisons of positions:
//   ahead_q = words written - read position - 1      the next word is there when ahead_q >= 0
//   space_q = DEPTH - 1 - (words written - position of the window's first place)      a word fits when >= 0
// The window's first place, and with it the oldest live word, moves on once per window.
`default_nettype none

module sf_swg_core #(
    parameter int WIDTH = 8,
    parameter int FOLDS = 1,        // beats per pixel
    parameter int H = 8, W = 8, KH = 3, KW = 3, SH = 1, SW = 1,  // image, kernel, stride: rows, columns
    parameter int DY = 1, DX = 1, PT = 1, PL = 1, OH = 8, OW = 8,  // dilation; places padded before it; windows
    parameter int DEPTH = 32,
    parameter bit DEPTHWISE = 1'b0,
    parameter int REPEAT = 1,       // passes over each window; only without DEPTHWISE
    parameter bit RIGID = 1'b0,     // the output is a stage of a pipeline that stands still without out0_ready
    parameter logic [WIDTH-1:0] PAD = '0,
    parameter int RAM_STYLE = 0
) (
    input  wire              clk,
    input  wire              rst,         /// synchronous, active high
    input  wire  [WIDTH-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,   /// registered
    output logic [WIDTH-1:0] out0_data,   /// registered
    output logic             out0_pad,    /// registered: this beat is padding
    output logic             out0_last,   /// registered: last beat of a pass, or of a fold with DEPTHWISE
    output logic             out0_valid,  /// registered
    input  wire              out0_ready
);
    // Distances between positions.
    localparam int ROW = W * FOLDS;
    localparam int SPAN = (KH - 1) * DY * ROW + ((KW - 1) * DX + 1) * FOLDS - 1;  // first to last place of a window
    localparam int FIRST = -(PT * ROW + PL * FOLDS);
    localparam int TO_ROW = SH * ROW - (OW - 1) * SW * FOLDS;
    localparam int TO_FRAME = H * ROW - (OH - 1) * SH * ROW - (OW - 1) * SW * FOLDS;

    // The words written are at most DEPTH ahead of a window's first place, or more where padding moves it back, by
    // less than two spans; and at most the longest jump and a span behind the read position.
    localparam int TO_NEXT = TO_FRAME > TO_ROW ? TO_FRAME : TO_ROW;
    localparam int JUMP = TO_NEXT > SW * FOLDS ? TO_NEXT : SW * FOLDS;
    localparam int MARGIN = $clog2(DEPTH + (JUMP > 2 * SPAN ? JUMP : 2 * SPAN) + 1) + 1;
    localparam int ADDR = DEPTH > 1 ? $clog2(DEPTH) : 1;
    localparam bit RING_IS_BINARY = DEPTH == 2 ** ADDR;

    if (PT > (KH - 1) * DY || PL > (KW - 1) * DX) begin : g_illegal_padding
        $fatal(1, "swg_core: padding PT=%0d, PL=%0d must be smaller than the kernel KH=%0d, KW=%0d", PT, PL, KH, KW);
    end
    if (DEPTHWISE && REPEAT != 1) begin : g_illegal_repeat
        $fatal(1, "swg_core: REPEAT=%0d must be 1 with DEPTHWISE", REPEAT);
    end
    if (DEPTH <= SPAN) begin : g_illegal_depth
        $fatal(1, "swg_core: DEPTH=%0d must exceed a window's span of %0d", DEPTH, SPAN);
    end

    logic [MARGIN-1:0] ahead_q, space_q, back, released;  // two's complement
    logic [ADDR-1:0] ring;
    logic [ADDR:0] ring_back;
    logic pad, last, valid_q;
    wire  advance = out0_ready || (!RIGID && !valid_q);
    wire  step = advance && (pad || !ahead_q[MARGIN-1]);
    wire  write = in0_valid && in0_ready;
    assign in0_ready = !space_q[MARGIN-1];

    sf_swg_walk #(
        .FOLDS(FOLDS), .H(H), .W(W), .KH(KH), .KW(KW), .SH(SH), .SW(SW),
        .DY(DY), .DX(DX), .PT(PT), .PL(PL), .OH(OH), .OW(OW), .DEPTH(DEPTH),
        .DEPTHWISE(DEPTHWISE), .REPEAT(REPEAT), .MARGIN(MARGIN), .ADDR(ADDR)
    ) walk (.clk, .rst, .step, .pad, .last, .back, .released, .ring, .ring_back);

    // ahead + write - move and space + released - write, each as one carry chain: the low bit carries in.
    wire [MARGIN:0] ahead_sum = {ahead_q, 1'b1} + {back & {MARGIN{step}}, write};
    wire [MARGIN:0] space_sum = {space_q, 1'b1} + {released | {MARGIN{!step}}, !write};

    always_ff @(posedge clk) begin
        if (rst) begin
            ahead_q <= MARGIN'(-FIRST - 1);
            space_q <= MARGIN'(DEPTH - 1 + FIRST);
        end else begin
            ahead_q <= ahead_sum[MARGIN:1];
            space_q <= space_sum[MARGIN:1];
        end
    end

    logic [ADDR-1:0] write_addr_q, read_addr_q, read_addr_next;
    if (RING_IS_BINARY) begin : g_binary
        assign read_addr_next = read_addr_q + ring;
        wire unused = &{1'b0, ring_back};
    end else begin : g_wrapped
        // Both sums at once: the second one is the address where it is not negative.
        wire [ADDR-1:0] sum = read_addr_q + ring;
        wire [ADDR:0] wrapped = {1'b0, read_addr_q} + ring_back;
        assign read_addr_next = wrapped[ADDR] ? sum : wrapped[ADDR-1:0];
    end

    always_ff @(posedge clk) begin
        if (rst) begin
            write_addr_q <= '0;
            read_addr_q  <= ADDR'((FIRST % DEPTH + DEPTH) % DEPTH);
        end else begin
            if (write) write_addr_q <= write_addr_q == ADDR'(DEPTH - 1) ? '0 : write_addr_q + 1'b1;
            if (step) read_addr_q <= read_addr_next;
        end
    end

    logic pad_q, last_q;

    always_ff @(posedge clk) begin
        if (advance) begin
            pad_q  <= pad;
            last_q <= last;
        end
        if (rst) valid_q <= 1'b0;
        else if (advance) valid_q <= step;
    end

    sf_ram #(.WIDTH(WIDTH), .WORDS(DEPTH), .STYLE(RAM_STYLE), .BLANK(PAD)) rows (
        .clk, .write, .write_addr(write_addr_q), .write_data(in0_data),
        .read(advance), .blank(pad), .read_addr(read_addr_q), .data_q(out0_data)
    );
    assign out0_pad   = pad_q;
    assign out0_last  = last_q;
    assign out0_valid = valid_q;

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data) && $stable(out0_pad));
`endif
endmodule

`default_nettype wire
