`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    assign q = {2'd0, a[0:1]};
endmodule
`default_nettype wire
