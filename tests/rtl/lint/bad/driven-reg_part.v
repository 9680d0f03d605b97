`default_nettype none
module bad(
    input  wire       a,
    output wire [3:0] q
);
    reg [3:0] x;
    assign x[3:2] = {a, a};
    assign x[1:0] = {a, a};
    assign q = x;
endmodule
`default_nettype wire
