// Top-1: the index of the largest of LABELS values, the lowest index among equals.
//
// Function   one index per vector of LABELS values.
// Packing    in0: PE values a beat, value 0 in the low bits, LABELS / PE beats a vector; out0: the index, unsigned.
// Latency    LABELS / PE + ceil(log2(PE)) cycles from a vector's first beat to its index, one more for PE > 1.
// II         LABELS / PE cycles a vector; 1 beat a cycle.
// Area       (Yosys, xc7) 10 labels of 16 bits: PE 1 43 LUT, 45 FF; PE 5 157, 146. 1,000 labels of 24 bits, PE 8: 370 LUT, 258 FF.
// Reset      sets the counter and clears the valid; data registers need none.
`default_nettype none

module sf_labelselect #(
    parameter int LABELS   = 10,
    parameter int PE       = 1,
    parameter int BITS     = 8,
    parameter bit SIGNED   = 1'b1,
    parameter int OUT_BITS = 4
) (
    input  wire                 clk,
    input  wire                 rst,         /// synchronous, active high
    input  wire  [ PE*BITS-1:0] in0_data,
    input  wire                 in0_valid,
    output logic                in0_ready,   /// depends on registers alone
    output logic [OUT_BITS-1:0] out0_data,   /// registered
    output logic                out0_valid,  /// registered
    input  wire                 out0_ready
);
    if (LABELS % PE != 0) begin : g_illegal_pe
        $fatal(1, "labelselect: PE=%0d must divide LABELS=%0d", PE, LABELS);
    end
    if (2 ** OUT_BITS < LABELS) begin : g_illegal_bits
        $fatal(1, "labelselect: OUT_BITS=%0d cannot hold %0d labels", OUT_BITS, LABELS);
    end

    localparam int FOLDS = LABELS / PE;
    localparam int FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
    localparam int LEVELS = $clog2(PE);
    localparam int LANE_BITS = LEVELS > 0 ? LEVELS : 1;
    localparam int PLACES = LEVELS > 0 ? LEVELS + 3 : 2;  // for indices, until the first of them has left
    localparam int PLACE_BITS = $clog2(PLACES + 1);

    // A beat's values pass the tree without a rest; the last one of a vector enters when its index has a place.
    logic [FOLD_BITS-1:0] entered_q;
    logic [PLACE_BITS-1:0] taken_q;
    logic free_q;
    wire enters_last = entered_q == FOLD_BITS'(FOLDS - 1);
    wire enter = in0_valid && in0_ready;
    wire take = enter && enters_last;
    wire give = out0_valid && out0_ready;
    wire [PLACE_BITS-1:0] taken = taken_q + PLACE_BITS'(take) - PLACE_BITS'(give);
    assign in0_ready = free_q || !enters_last;

    always_ff @(posedge clk) begin
        if (rst) begin
            entered_q <= '0;
            taken_q   <= '0;
            free_q    <= 1'b1;
        end else begin
            if (enter) entered_q <= enters_last ? '0 : entered_q + 1'b1;
            taken_q <= taken;
            free_q  <= taken != PLACE_BITS'(PLACES);
        end
    end

    wire [PE*BITS-1:0] values;
    wire [PE*LANE_BITS-1:0] lanes;
    for (genvar p = 0; p < PE; p++) begin : g_lane
        assign values[p*BITS+:BITS] = in0_data[p*BITS+:BITS] ^ (BITS'(SIGNED) << (BITS - 1));  // compared as unsigned
        assign lanes[p*LANE_BITS+:LANE_BITS] = LANE_BITS'(p);
    end

    wire [BITS-1:0] value;
    wire [LANE_BITS-1:0] lane;
    wire valid;
    sf_largest #(.COUNT(PE), .BITS(BITS), .LANE_BITS(LANE_BITS)) tree (.clk, .values, .lanes, .value, .lane);
    if (LEVELS > 0) begin : g_behind
        logic [LEVELS-1:0] valid_q;
        always_ff @(posedge clk) valid_q <= rst ? '0 : LEVELS'({valid_q, enter});
        assign valid = valid_q[LEVELS-1];
    end else begin : g_at_once
        assign valid = enter;
    end

    // The largest of the beats so far; an earlier one wins among equals.
    logic [FOLD_BITS-1:0] fold_q;
    logic [BITS-1:0] best_q;
    logic [OUT_BITS-1:0] label_q, base_q;
    wire first = fold_q == '0;
    wire last = fold_q == FOLD_BITS'(FOLDS - 1);
    wire larger = first || value > best_q;
    wire [OUT_BITS-1:0] label = larger ? base_q + (PE > 1 ? OUT_BITS'(lane) : '0) : label_q;

    always_ff @(posedge clk) begin
        if (valid) begin
            if (larger) best_q <= value;
            label_q <= label;
        end
        if (rst) begin
            fold_q <= '0;
            base_q <= '0;
        end else if (valid) begin
            fold_q <= last ? '0 : fold_q + 1'b1;
            base_q <= last ? '0 : base_q + OUT_BITS'(PE);
        end
    end

    wire always_room;
    sf_fifo #(.WIDTH(OUT_BITS), .DEPTH(PLACES)) indices (
        .clk, .rst, .in0_data(label), .in0_valid(valid && last), .in0_ready(always_room),
        .out0_data, .out0_valid, .out0_ready
    );

`ifndef SYNTHESIS
    a_place_is_kept: assert property (@(posedge clk) disable iff (rst) valid && last |-> always_room);
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
