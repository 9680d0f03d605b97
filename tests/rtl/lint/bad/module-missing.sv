`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    nowhere inner_i(.a(a), .q(q));
endmodule
`default_nettype wire
