// sf_counter as a module that Yosys maps alone (`read_slang --keep-hierarchy`): mapped together, its abc9 spends half as
// many LUTs again on a heap of counters.
`default_nettype none

`ifdef __slang__
(* keep_hierarchy *)
`endif
module sf_counter_apart #(
    parameter int unsigned N = 1,
    parameter int unsigned PAIRS = 0
) (
    input  wire [N-1:0] a, b, c, d, e, f,
    output wire [N-1:0] ones, twos, fours
);
    sf_counter_logic #(.N(N), .PAIRS(PAIRS)) counter (.a, .b, .c, .d, .e, .f, .ones, .twos, .fours);
endmodule

`default_nettype wire
