`default_nettype none
localparam [3:0] ONE = 1;
module bad (
    input wire [3:0] a, output wire [3:0] q
);
    assign q = a + ONE;
endmodule
`default_nettype wire
