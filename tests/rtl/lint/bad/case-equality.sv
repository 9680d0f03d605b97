`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    assign q = a === 4'd3 ? 4'd1 : a;
endmodule
`default_nettype wire
