`default_nettype none
module bad #(parameter [3:0] WIDTH = 4, localparam [3:0] TWICE = 2 * WIDTH) (
    input wire [3:0] a, output wire [3:0] q
);
    assign q = a;
endmodule
`default_nettype wire
