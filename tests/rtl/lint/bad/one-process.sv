`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    for (genvar i = 0; i < 4; i++) begin : g_bit
        always_ff @(posedge clk) q[i] <= a[i];
    end
endmodule
`default_nettype wire
