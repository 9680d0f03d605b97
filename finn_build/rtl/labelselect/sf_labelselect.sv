// Top-1: the index of the largest of LABELS values, the lowest index among equals.
//
// Function   one index per vector of LABELS values.
// Packing    in0: PE values a beat, value 0 in the low bits, LABELS / PE beats a vector; out0: the index, unsigned.
// Latency    LABELS / PE cycles from a vector's first beat to its index.
// II         LABELS / PE cycles a vector; 1 beat a cycle.
// Area       10 labels of 16 bits, Yosys: PE 1 38 LUT, 38 FF. Lanes are compared in
//            series, so that the path grows with PE (timing not measured).
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

    logic [FOLD_BITS-1:0] fold_q;
    logic [BITS-1:0] best_q;        // largest so far, biased so that an unsigned comparison serves both types
    logic [OUT_BITS-1:0] label_q, base_q;
    logic room;
    wire last = fold_q == FOLD_BITS'(FOLDS - 1);
    wire go = in0_valid && in0_ready;
    assign in0_ready = room || !last;

    // Lanes in ascending order; only a larger value takes over, so the lowest index wins among equals.
    logic [BITS-1:0] best;
    logic [OUT_BITS-1:0] label;
    always_comb begin
        best  = best_q;
        label = label_q;
        for (int p = 0; p < PE; p++) begin
            if ((p == 0 && fold_q == 0) || biased(in0_data[p*BITS+:BITS]) > best) begin
                best  = biased(in0_data[p*BITS+:BITS]);
                label = base_q + OUT_BITS'(unsigned'(p));
            end
        end
    end

    function automatic logic [BITS-1:0] biased(input logic [BITS-1:0] value);
        return value ^ (BITS'(SIGNED) << (BITS - 1));
    endfunction

    always_ff @(posedge clk) begin
        if (go) begin
            best_q  <= best;
            label_q <= label;
        end
        if (rst) begin
            fold_q <= '0;
            base_q <= '0;
        end else if (go) begin
            fold_q <= last ? '0 : fold_q + 1'b1;
            base_q <= last ? '0 : base_q + OUT_BITS'(PE);
        end
    end

    sf_fifo #(.WIDTH(OUT_BITS), .DEPTH(2)) pair (
        .clk, .rst, .in0_data(label), .in0_valid(in0_valid && last), .in0_ready(room),
        .out0_data, .out0_valid, .out0_ready
    );

`ifndef SYNTHESIS
    payload_holds: assert property (@(posedge clk) disable iff (rst)
        out0_valid && !out0_ready |=> out0_valid && $stable(out0_data));
`endif
endmodule

`default_nettype wire
