`default_nettype none
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    wire [1:0][3:0] pair = {a, a};
    assign q = pair[0];
endmodule
`default_nettype wire
