`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q = 4'd1
);
    always_ff @(posedge clk) q <= a;
endmodule
`default_nettype wire
