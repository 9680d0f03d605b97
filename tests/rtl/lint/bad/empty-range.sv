`default_nettype none
module bad #(parameter int W = 0) (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    wire [W-1:0] none;
    assign q = a;
endmodule
`default_nettype wire
