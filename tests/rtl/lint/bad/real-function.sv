`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    localparam int ROOT = $rtoi(4);
    assign q = a + 4'(ROOT);
endmodule
`default_nettype wire
