`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    wire [3:0] other;
    alias other = a;
    assign q = other;
endmodule
`default_nettype wire
