`default_nettype none
module inner #(
    parameter int WIDTH = 1
) (
    input wire a, output wire [WIDTH-1:0] q
);
    assign q = {WIDTH{a}};
endmodule
module bad (
    input wire a, output wire q
);
    inner #(.DEPTH(1)) inner_i(.a(a), .q(q));
endmodule
`default_nettype wire
