// The logic of sf_counter.
`default_nettype none

module sf_counter_logic #(
    parameter int unsigned N = 1,
    parameter int unsigned PAIRS = 0
) (
    input  wire [N-1:0] a, b, c, d, e, f,
    output wire [N-1:0] ones, twos, fours
);
    if (PAIRS == 3) begin : g_uneven
        wire [N-1:0] carry_abc = (a & b) | (c & (a | b));
        wire [N-1:0] abc = a ^ b ^ c;
        wire [N-1:0] carry_de = (d & e) | (abc & (d | e));
        assign ones  = abc ^ d ^ e;
        assign twos  = carry_abc ^ carry_de ^ f;
        assign fours = (carry_abc & carry_de) | (f & (carry_abc | carry_de));
    end else if (PAIRS > 0) begin : g_pairs
        wire [N-1:0] ab = a ^ b ^ {N{PAIRS == 1}};
        wire [N-1:0] cd = c ^ d ^ {N{PAIRS == 1}};
        wire [N-1:0] ef = e ^ f ^ {N{PAIRS == 1}};
        assign ones  = ab ^ cd ^ ef;
        assign twos  = (ab & cd) | (ef & (ab | cd));
        assign fours = '0;
    end else begin : g_bits
        wire [N-1:0] carry_abc = (a & b) | (c & (a | b));
        wire [N-1:0] carry_def = (d & e) | (f & (d | e));
        wire [N-1:0] carry_sum = (a ^ b ^ c) & (d ^ e ^ f);
        assign ones  = a ^ b ^ c ^ d ^ e ^ f;
        assign twos  = carry_abc ^ carry_def ^ carry_sum;
        assign fours = (carry_abc & carry_def) | (carry_sum & (carry_abc | carry_def));
    end
endmodule

`default_nettype wire
