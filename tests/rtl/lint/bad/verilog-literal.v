`default_nettype none
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    assign q = '0;
endmodule
`default_nettype wire
