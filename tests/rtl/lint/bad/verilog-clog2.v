`default_nettype none
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    localparam [3:0] BITS = $clog2(16);
    assign q = a + BITS;
endmodule
`default_nettype wire
