`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    logic [1000000:0] wide;
    assign wide = 1000001'(a);
    assign q = a;
endmodule
`default_nettype wire
