`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    let inverted(x) = ~x;
    assign q = inverted(a);
endmodule
`default_nettype wire
