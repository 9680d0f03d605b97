`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    wire [3:0] both;
    assign both = a;
    assign both = ~a;
    assign q = both;
endmodule
`default_nettype wire
