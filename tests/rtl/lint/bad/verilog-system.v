`default_nettype none
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    assign q = $clog2(16);
endmodule
`default_nettype wire
