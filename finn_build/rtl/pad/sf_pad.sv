// Frames padded with one value, or cropped: the output is a rectangle of a canvas, the input another.
//
// Function   walks over a canvas of CH x CW places, which hold the input's pixel inside [IT, IT+IH) x [IL, IL+IW), FILL
//            outside; the places in [OT, OT+OH) x [OL, OL+OW) are sent. Input outside them is taken and dropped.
// Packing    PE elements of BITS bits a beat, opaque but for FILL; FOLDS beats a place, raster order.
// Latency    1 cycle.
// II         CH*CW*FOLDS cycles.
// Reset      clears the control.
// Area       (Yosys, xc7) 8 bits, 27 x 27 to 28 x 28: 29 LUT, 28 FF.
`default_nettype none

module sf_pad #(
    parameter int BITS = 8,             /// of an element
    parameter int FILL = 0,             /// code of what is padded with
    parameter int PE = 1,               /// elements of a beat
    parameter int FOLDS = 1,            /// beats per pixel
    parameter int CH = 9, CW = 9,       /// size of the canvas
    parameter int IT = 0, IL = 0,       /// place of the input
    parameter int IH = 8, IW = 8,
    parameter int OT = 0, OL = 0,       /// place of the output
    parameter int OH = 9, OW = 9
) (
    input  wire              clk,
    input  wire              rst,         /// synchronous, active high
    input  wire  [PE*BITS-1:0] in0_data,
    input  wire              in0_valid,
    output logic             in0_ready,   /// depends on registers alone
    output logic [PE*BITS-1:0] out0_data,   /// registered
    output logic             out0_valid,  /// registered
    input  wire              out0_ready
);
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int X_BITS = CW > 1 ? $clog2(CW) : 1;
    localparam int Y_BITS = CH > 1 ? $clog2(CH) : 1;

    if (IT + IH > CH || IL + IW > CW || OT + OH > CH || OL + OW > CW) begin : g_illegal
        $fatal(1, "pad: input and output must lie on the canvas of CH=%0d, CW=%0d", CH, CW);
    end

    logic [FOLD_BITS-1:0] fold_q;
    logic [X_BITS-1:0] x_q;
    logic [Y_BITS-1:0] y_q;

    wire fold_last = fold_q == FOLD_BITS'(FOLDS - 1);
    wire x_last = x_q == X_BITS'(CW - 1);
    wire y_last = y_q == Y_BITS'(CH - 1);

    // As 32-bit integers, because a bound may lie outside the counter's range; synthesis narrows them.
    wire held = int'(y_q) >= IT && int'(y_q) < IT + IH && int'(x_q) >= IL && int'(x_q) < IL + IW;
    wire sent = int'(y_q) >= OT && int'(y_q) < OT + OH && int'(x_q) >= OL && int'(x_q) < OL + OW;

    logic room;
    wire  step = (in0_valid || !held) && (room || !sent);
    assign in0_ready = held && (room || !sent);

    sf_fifo #(.WIDTH(PE * BITS), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(held ? in0_data : {PE{BITS'(FILL)}}), .in0_valid(sent && (in0_valid || !held)), .in0_ready(room),
        .out0_data, .out0_valid, .out0_ready
    );

    always_ff @(posedge clk) begin
        if (rst) begin
            fold_q <= '0;
            x_q    <= '0;
            y_q    <= '0;
        end else if (step) begin
            fold_q <= fold_last ? '0 : fold_q + 1'b1;
            if (fold_last) x_q <= x_last ? '0 : x_q + 1'b1;
            if (fold_last && x_last) y_q <= y_last ? '0 : y_q + 1'b1;
        end
    end

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
