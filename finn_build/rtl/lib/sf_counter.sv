// Counters of six bits, N side by side: how many of one bit each of a to f are 1, in binary; of the pairs ab, cd, ef how
// many agree (PAIRS 1) or differ (PAIRS 2); or f counts twice (PAIRS 3). Combinational.
//
// Area: with APART a LUT6 an output, because Yosys maps each alone (sf_counter_apart.sv); without, PAIRS 3 takes two LUTs
// and a CARRY4: f and a, plus the full adder of b, c and d, plus e.
`default_nettype none

module sf_counter #(
    parameter int unsigned N = 1,
    parameter int unsigned PAIRS = 0,
    parameter bit APART = 1'b0
) (
    input  wire [N-1:0] a, b, c, d, e, f,
    output wire [N-1:0] ones, twos, fours
);
    if (APART) begin : g_apart
        sf_counter_apart #(.N(N), .PAIRS(PAIRS)) counter (.a, .b, .c, .d, .e, .f, .ones, .twos, .fours);
    end else if (PAIRS == 3) begin : g_chain
        for (genvar i = 0; i < N; i++) begin : g_counter
            wire carry = (b[i] & c[i]) | (d[i] & (b[i] | c[i]));
            wire [3:0] chain = {1'b0, f[i], a[i], e[i]} + {1'b0, carry, b[i] ^ c[i] ^ d[i], e[i]};  // e carries in
            assign {fours[i], twos[i], ones[i]} = chain[3:1];
            wire unused = &{1'b0, chain[0]};
        end
    end else begin : g_together
        sf_counter_logic #(.N(N), .PAIRS(PAIRS)) counter (.a, .b, .c, .d, .e, .f, .ones, .twos, .fours);
    end
endmodule

`default_nettype wire
