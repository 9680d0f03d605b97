`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    wire (strong0, weak1) [3:0] pulled = a;
    assign q = pulled;
endmodule
`default_nettype wire
