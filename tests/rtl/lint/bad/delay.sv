`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_ff @(posedge clk) q <= #1 a;
endmodule
`default_nettype wire
