`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    always_ff @(posedge clk iff a[0]) q <= a;
endmodule
`default_nettype wire
